"""Blinks: lids that close and open again within half a second, and meet in between.

A reading of single pictures hedges: of lids that are shut for a frame or two it says half, and it
often takes shut eyes for eyes that something covers. A video tells more. What comes and goes so
quickly is a blink, and in a blink lids meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import label, median_filter

from ..contract.arkit import ARKIT_52

LIDS: Final = np.array([ARKIT_52.index(f"eyeBlink{side}") for side in ("Left", "Right")])
LONGEST: Final = 0.5
"""Seconds from open to open."""
LEAST: Final = 0.22
"""Weight that both lids rise by, at least: several times what shakes in a reading."""
_BEGUN: Final = 0.04
"""Rise at which a blink begins and ends."""
_AROUND: Final = 1.2
"""Seconds of which the median is how far lids are open without the blink."""


@dataclass(frozen=True, eq=False)
class Blink:
    """rows : (n,) frames; share : (n, 2) how far each lid is on its way, 1 where it is shut."""

    rows: np.ndarray
    share: np.ndarray


def blinks(seconds: np.ndarray, weights: np.ndarray, seen: np.ndarray) -> list[Blink]:
    """Those of one shot. A wink is none.

    seconds : (F,) rising; weights : (F, 52) as read; seen : (F,) bool, the face is.
    """
    there = np.flatnonzero(seen)
    if len(there) < 3:
        return []
    step = max(float(np.median(np.diff(seconds))), 1e-3)
    window = 2 * round(_AROUND / 2 / step) + 1
    lids = np.stack([np.interp(seconds, seconds[there], weights[there, lid]) for lid in LIDS], 1)
    usual = np.stack([median_filter(lid, window, mode="nearest") for lid in lids.T], axis=1)
    rise = lids - usual
    parts, count = label(seen & (rise.min(axis=1) > _BEGUN))
    found = []
    for number in range(1, count + 1):
        rows = np.flatnonzero(parts == number)
        highest = rise[rows].max(axis=0)
        if highest.min() >= LEAST and seconds[rows[-1]] - seconds[rows[0]] + step <= LONGEST:
            found.append(Blink(rows, rise[rows] / highest))
    return found


def shut(weights: np.ndarray, found: list[Blink]) -> np.ndarray:
    """(F, 52) weights with both lids shut in the middle of each blink; what a blink had risen from
    is between the frame before it and the one behind."""
    closed = weights.copy()
    for each in found:
        ends = np.clip((each.rows[0] - 1, each.rows[-1] + 1), 0, len(weights) - 1)
        along = np.linspace(0, 1, len(each.rows) + 2)[1:-1, None]
        open_ = (1 - along) * weights[ends[0], LIDS] + along * weights[ends[1], LIDS]
        closed[np.ix_(each.rows, LIDS)] = open_ + (1 - open_) * each.share
    return closed
