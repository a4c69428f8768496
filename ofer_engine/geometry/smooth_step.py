"""The cubic step from 0 to 1 with level ends (Hermite's 3 t² - 2 t³)."""

from __future__ import annotations

import numpy as np


def smooth_step(
    value: np.ndarray | float, none: np.ndarray | float, full: np.ndarray | float
) -> np.ndarray:
    """0 at `none` and beyond, 1 at `full` and beyond, smooth between; `full` may lie below `none`.

    value, none, full : of one unit and of shapes that broadcast. Returns their shape.
    """
    t = np.clip((np.asarray(value) - none) / (full - none), 0, 1)
    return t * t * (3 - 2 * t)
