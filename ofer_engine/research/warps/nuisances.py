"""What differs between two photos of one person and is no part of the face: light, cast shadows,
hair and background.

Two pictures bent out of one portrait share all of it, so that their difference never tells a
network that reads a face's shape off its light or its hair. Each bent picture is given its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from ...geometry.rotations import rotation_about

_TURNED: Final = 0.6
"""Share of pictures under another light."""
_ABOUT: Final = (25.0, 50.0)
"""Degrees, about x and y, by which the light's directions turn: deviations."""
_STRENGTH: Final = (0.5, 1.5)
_SHADED: Final = 0.25
_DEPTH: Final = (0.35, 0.8)
_EDGE: Final = (0.004, 0.04)
_UNEVEN: Final = 0.12
_WAVES: Final = 0.18
"""Of the picture's side: how wide unevenness is."""
_OTHERS: Final = 0.35
_RIM: Final = 0.008


@dataclass(frozen=True, eq=False)
class Light:
    """turn : (3, 3) rotation of all directions that light comes from; strength : of what depends on
    them, 1 as it was."""

    turn: np.ndarray
    strength: float

    @staticmethod
    def drawn(rng: np.random.Generator) -> Light | None:
        """Another light, or None: as it was."""
        if rng.random() >= _TURNED:
            return None
        about_x, about_y = rng.normal(size=2) * _ABOUT
        turn = rotation_about("x", about_x) @ rotation_about("y", about_y)
        return Light(turn, float(rng.uniform(*_STRENGTH)))


def shaded(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """(S, S, 3) float32 linear light, unevenly lit, some with the edge of a shadow across."""
    side = len(picture)
    field = rng.normal(size=(side, side)).astype(np.float32)
    field = gaussian_filter(field, _WAVES * side)
    factor = np.exp(_UNEVEN * field / max(float(field.std()), 1e-6))
    if rng.random() < _SHADED:
        angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(*_DEPTH)
        down, across = np.mgrid[:side, :side] / side - 0.5
        away = across * np.cos(angle) + down * np.sin(angle) - rng.normal() * 0.12
        edge = np.exp(rng.uniform(*np.log(_EDGE)))
        factor *= 1 - (1 - depth) / (1 + np.exp(-np.clip(away / edge, -30, 30)))
    return picture * factor[..., None].astype(np.float32)


def among_others(
    rng: np.random.Generator, picture: np.ndarray, inside: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """(S, S, 3) float32: the head as it is and, in some pictures, another one's hair and background
    around it. inside : (S, S) bool, where the head is; other : (S, S, 3), another picture."""
    if rng.random() >= _OTHERS:
        return picture
    head = gaussian_filter(inside.astype(np.float32), _RIM * len(picture))[..., None]
    return picture * head + other * (1 - head)
