"""How a face moves over time, in the terms of Apple's ARKit; whoever recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_LONGEST: Final = 100 * 3600.0
"""Seconds."""
_LARGEST: Final = 1000.0
"""Of a value: weights are 0 to 1, or percent; angles radians."""

_PERCENT: Final = 2.0
"""A largest weight above this is one of percents."""


def shares(weights: np.ndarray) -> np.ndarray:
    """Weights (F, 52) of a take, 0..1, that may have been written in percent."""
    return weights / 100 if weights.max() > _PERCENT else weights


@dataclass(frozen=True, eq=False)
class FaceMotion:
    """Frames of one take, the first at 0 s.

    times : (F,) float64 seconds, rising; weights : (F, 52) float64, mostly 0..1, in the order of
    `ARKIT_52`; head, left_eye, right_eye : (F, 3) float64 radians, yaw, pitch and roll, each a
    right-handed turn about the subject's axes Y up, X left and Z ahead: positive yaw is to the
    subject's left, positive pitch down. Roll comes first, then pitch, then yaw.
    """

    times: np.ndarray
    weights: np.ndarray
    head: np.ndarray
    left_eye: np.ndarray
    right_eye: np.ndarray

    def check(self) -> None:
        """Raises ValueError for times and values that no recording of a face has, so that nothing
        else has to expect them."""
        values = (self.weights, self.head, self.left_eye, self.right_eye)
        sound = (
            len(self.times) > 0
            and bool(np.isfinite(self.times).all())
            and float(np.abs(self.times).max()) <= _LONGEST
            and all((np.abs(each) <= _LARGEST).all() for each in values)  # also catches NaN
        )
        if not sound:
            raise ValueError("no frames, or values that no face has")
