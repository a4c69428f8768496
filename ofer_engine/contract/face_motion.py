"""How a face moves over time, in the terms of Apple's ARKit; whoever recorded it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
