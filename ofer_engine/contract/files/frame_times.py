"""When the frames of a take were, by what trackers tell beside them."""

from __future__ import annotations

from typing import Final

import numpy as np

MILLISECONDS: Final = ("timestampMs", "timestamp_ms", "timeMs", "time_ms")
TIMES: Final = ("timestamp", "timeStamp", "time", "t")
"""Names of what tells a time in a unit that is not said."""
_UNITS: Final = ((1e6, 1e-9), (1e3, 1e-6), (1.0, 1e-3))
"""Least usual step, and what its unit is in seconds: no tracker is slower than a frame a second."""


def seconds_of(times: np.ndarray, milliseconds: bool = False) -> np.ndarray:
    """(F,) seconds since the first of times (F,) that count from anywhere; their usual step tells
    whether they are seconds, milli-, micro- or nanoseconds. milliseconds : they are those.

    Raises ValueError for times that are none.
    """
    steps = np.diff(times)
    if not np.isfinite(times).all() or (steps < 0).any():
        raise ValueError("time runs backwards")
    usual = float(np.median(steps)) if len(steps) else 0.0
    unit = next((unit for least, unit in _UNITS if usual >= least), 1.0)
    return (times - times[0]) * (1e-3 if milliseconds else unit)
