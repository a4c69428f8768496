"""How far the lips are apart: the detector's landmarks on the inner rims of both lips.

The evidence points leave the rims out (the nearest lies 3.5 mm away), and on photographs heads
parted their lips half as far as people do. Only the distance between the rims is taken from the
detector; where the mouth is, the evidence points know better. And only where it is the larger: on
renders it is the detector that sees too little of an open mouth (correlation with the truth 0.90,
the head's own 0.98).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from .camera import Camera
from .rims import LIPS, Rims

_OUTER_EYE_CORNERS: Final = (33, 263)
_DEVIATION: Final = 0.015
"""Of a rim's landmark, of the distance between the outer corners of the eyes. Two detectors
differ by 0.0145 on 45 portraits."""
_JAW: Final = ARKIT_52.index("jawOpen")
_DOUBTED: Final = 0.5
"""How much the jaw is doubted where lips are seen, of what it is else. On 45 portraits, most of
whom show their teeth in a smile, the newer landmarker raises the upper lip by 0.43 and opens the
jaw by 0.06 for each tenth of the distance between the eyes' outer corners."""


@dataclass(frozen=True, eq=False)
class LipOpening:
    """What a photo shows: apart : (M, 2) pixels from the lower rim to the upper; deviation : of
    one coordinate, pixels."""

    apart: np.ndarray
    deviation: float

    @staticmethod
    def of(landmarks: np.ndarray) -> LipOpening:
        """landmarks : (468, 2 or more) pixels."""
        flat = np.asarray(landmarks, np.float64)[:, :2]
        one, other = flat[list(_OUTER_EYE_CORNERS)]
        upper, lower = flat[LIPS]
        return LipOpening(upper - lower, _DEVIATION * max(float(np.linalg.norm(one - other)), 1.0))


@dataclass(frozen=True, eq=False)
class SeenLips:
    """Lips of a photo beside a head's: rims : of the ARKIT_52; seen : 0..1, how far they are."""

    opening: LipOpening
    rims: Rims
    seen: float

    def doubt(self) -> np.ndarray:
        """(52,) how much each unit is doubted, of what it is where no lips are seen."""
        found = np.ones(len(ARKIT_52))
        found[_JAW] = 1 - (1 - _DOUBTED) * self.seen
        return found

    def misses(self, camera: Camera, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(2M,) deviations by which a head at unit weights (52,) parts its lips too little, and
        (2M, 52) slopes of how far it parts them; no rows where it parts them as far."""
        upper, lower = self.rims.moved(weights)
        apart = camera.project(upper) - camera.project(lower)
        if not wider(self.opening.apart, apart):
            return np.zeros(0), np.zeros((0, len(weights)))
        by_upper, by_lower = self.rims.units[:, 0], self.rims.units[:, 1]
        slopes = camera.slopes(upper, by_upper) - camera.slopes(lower, by_lower)
        sure = np.sqrt(self.seen) / self.opening.deviation
        return sure * (self.opening.apart - apart).reshape(-1), sure * slopes


def wider(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(…,) bool: one pair of rims is further apart than the other, (…, M, 2) each."""
    lengths = (np.linalg.norm(each, axis=-1).mean(axis=-1) for each in (one, other))
    return np.greater(*lengths)
