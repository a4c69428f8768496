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

from .camera import Camera
from .open_head import OpenHead

_RIMS: Final = np.array(((13, 82, 312, 81, 311), (14, 87, 317, 178, 402)))
"""Landmarks of the upper lip's inner rim, and those of the lower lip's below them."""
_OUTER_EYE_CORNERS: Final = (33, 263)
_DEVIATION: Final = 0.015
"""Of a rim's landmark, of the distance between the outer corners of the eyes. Two detectors
differ by 0.0145 on 45 portraits."""
_NEAR: Final = 12
"""Evidence points around the mouth that say whether it is seen."""
_COVERED: Final = 0.5
"""Share of the mouth from which on it is seen at all."""


@dataclass(frozen=True, eq=False)
class LipRims:
    """Of a head: neutral : (2, M, 3) metres, the upper rim's points and the lower's; units : (X,
    2, M, 3) metres that each unit moves them; near : evidence points around them."""

    neutral: np.ndarray
    units: np.ndarray
    near: np.ndarray

    @staticmethod
    def of(head: OpenHead, vertices: np.ndarray) -> LipRims:
        """vertices : (V, 3) metres, one identity's at rest."""
        middle = head.landmarks(head.template, _RIMS).mean(axis=(0, 1))
        away = np.linalg.norm(head.template[head.point_vertices] - middle, axis=1)
        return LipRims(
            head.landmarks(vertices, _RIMS).astype(np.float64),
            head.landmarks(head.expression, _RIMS).astype(np.float64),
            np.argsort(away, kind="stable")[:_NEAR],
        )

    def moved(self, weights: np.ndarray) -> np.ndarray:
        """(…, 2, M, 3) metres at unit weights (…, X)."""
        return self.neutral + np.tensordot(weights, self.units, 1)

    def seen(self, visible: np.ndarray) -> np.ndarray:
        """(…,) 0..1: how far the mouth is seen, of evidence points visible (…, P) 0..1."""
        share = visible[..., self.near].mean(axis=-1)
        return np.clip((share - _COVERED) / (1 - _COVERED), 0.0, 1.0)


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
        upper, lower = flat[_RIMS]
        return LipOpening(upper - lower, _DEVIATION * max(float(np.linalg.norm(one - other)), 1.0))

    def misses(
        self, rims: LipRims, camera: Camera, weights: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(2M,) pixels by which a head at unit weights (X,) parts its lips too little, and (2M, X)
        slopes of how far it parts them; no rows where it parts them as far as the photo."""
        upper, lower = rims.moved(weights)
        apart = camera.project(upper) - camera.project(lower)
        if not wider(self.apart, apart):
            return np.zeros(0), np.zeros((0, len(weights)))
        slopes = camera.slopes(upper, rims.units[:, 0]) - camera.slopes(lower, rims.units[:, 1])
        return (self.apart - apart).reshape(-1), slopes


def wider(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(…,) bool: one pair of rims is further apart than the other, (…, M, 2) each."""
    lengths = (np.linalg.norm(each, axis=-1).mean(axis=-1) for each in (one, other))
    return np.greater(*lengths)
