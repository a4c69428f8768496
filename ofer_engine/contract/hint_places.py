"""What an artist tells of a person, as places on the hint axes of the open head, in deviations."""

from __future__ import annotations

from typing import Final

import numpy as np

from .records import Hints

HINTS: Final = ("age", "sex", "build")
"""Names in the order of the hint axes; fields of `records.Hints`."""
GUESSED: Final = 0.3
"""Deviation of a hint from the truth: an artist's guess, and so the photo keeps its say."""
_MIDDLE: Final = {"age": (40.0, 20.0), "sex": (0.5, -1 / 3), "build": (0.5, 0.25)}
"""Value that means the average head, and how far from it a standard deviation is. The axes are
MakeHuman's sliders (sex rises towards female); where on them a year lies is our convention."""
_FARTHEST: Final = 2.5


def places(hints: Hints) -> np.ndarray:
    """(3,) float64 places on the hint axes in standard deviations, NaN where none is given."""
    found = np.full(len(HINTS), np.nan)
    for row, name in enumerate(HINTS):
        value = getattr(hints, name)
        if value is not None:
            middle, deviation = _MIDDLE[name]
            found[row] = np.clip((value - middle) / deviation, -_FARTHEST, _FARTHEST)
    return found


def moves(hints: Hints, values: np.ndarray, pushes: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """(V, 3) that bring a head to what is told of it: a normal distribution of heads, measured
    along the axes of the hints given.

    values : (3,) where the head lies on the axes; pushes : (3, V, 3) covariance of the axes with
    each vertex, whose unit the answer has; gram : (3, 3) covariance of the axes.
    """
    wanted = places(hints)
    given = np.flatnonzero(~np.isnan(wanted))
    held = gram[np.ix_(given, given)].astype(np.float64) + GUESSED**2 * np.eye(len(given))
    shares = np.linalg.lstsq(held, (wanted - values)[given], rcond=None)[0]
    return np.tensordot(shares, pushes[given].astype(np.float64), 1)
