"""How pictures of strands get their colour: those of hair in Blender, those of lashes when they are
made."""

from __future__ import annotations

from typing import Final

import numpy as np

_COVER: Final = 1.5
"""Covers of 1 / 3 and more are hair: what is cut out at half would be thin."""
_MIDDLE: Final = 128 / 255
_LIGHT: Final = 0.3
"""Linear: hair as light as this shows its strands half as much as black hair."""


def coloured(values: np.ndarray, colour: tuple[float, ...]) -> np.ndarray:
    """(N, 4) float32, sRGB and cover. values : (N, 4) float32 in 0..1, brightness of the strands
    (three times) and their cover; colour : (3,) linear."""
    lightness = float(np.mean(colour)) / _LIGHT
    bright = (values[:, :1] / _MIDDLE) ** (2 - min(lightness, 1.0))
    made = np.empty_like(values)
    made[:, :3] = np.clip(bright * np.asarray(colour, np.float32), 0, 1) ** (1 / 2.2)
    made[:, 3] = np.clip(values[:, 3] * _COVER, 0, 1)
    return made
