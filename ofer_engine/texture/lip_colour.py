"""The colour of lips, measured over all of them at once: paint changes it more than skin ever
varies, so that pixel by pixel lipstick would be taken for something that hides the mouth."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..geometry.smooth_step import smooth_step

_LIP: Final = 0.6
"""Belonging to the lips from which on a pixel is one of theirs."""
_SHOWN: Final = 0.5
_RED: Final = 0.1
"""Log R/G beside the skin around that lips have at least: fingers have less, and teeth."""
_FEW, _ENOUGH = 0.15, 0.45
"""Share of the lips that has it, below which they count as hidden, and from which as seen."""
_KEPT: Final = 0.7
"""Share of the difference that is kept: lips at rest are fuller than those of a smile, and would
look painted twice."""
_LIMITS: Final = np.array([[-0.9, -0.2, -0.6], [0.25, 1.1, 0.5]])
"""Least and most that lips differ from what skin of their kind has."""


def lip_colour(
    away: np.ndarray, redness: np.ndarray, lips: np.ndarray, shown: np.ndarray
) -> np.ndarray:
    """(3,) by which a photo's lips differ from their explanation: log luminance, log R/G, log B/G.
    Zero where it does not show them.

    away : (h, w, 3) of the picture from its explanation; redness : (h, w) log R/G beside the skin
    around; lips : (h, w) 0..1, belonging to them; shown : (h, w) 0..1, whether the head is seen.
    """
    theirs = lips > _LIP
    red = theirs & (shown > _SHOWN) & (redness > _RED)
    if not red.any():
        return np.zeros(3)
    seen = float(smooth_step(np.asarray(red.sum() / theirs.sum()), _FEW, _ENOUGH))
    return _KEPT * seen * np.clip(np.median(away[red], axis=0), *_LIMITS)
