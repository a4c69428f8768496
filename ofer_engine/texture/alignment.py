"""Laying a head's vertices exactly over what a photo shows, although the head only follows roughly.

First the photo's expression is mixed from the hypotheses, then what is left is taken out in the
picture: the residuals at the evidence points are spread over the head by Gaussian process
regression (kriging), so that they fade where no point tells anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from ..heads.camera import Camera

_REACH = 0.022
"""Metres over which a residual is believed to be shared."""
_LEAST_VISIBLE = 0.3
_ROUNDS = 60
_OUTLIER = 3.0
_POINT_REACH = 0.008
"""Metres over which points tell what is seen."""
_ASKED = 6


@dataclass(frozen=True, eq=False)
class PointEvidence:
    """points : (P, 2) photo pixels, of the head's `vertices` (P,); deviation : (P,) photo pixels;
    visible : (P,) 0..1."""

    points: np.ndarray
    deviation: np.ndarray
    visible: np.ndarray
    vertices: np.ndarray

    @property
    def certainty(self) -> np.ndarray:
        """(P,) 1 / pixels²: zero for points that are hidden."""
        seen = np.clip((self.visible - _LEAST_VISIBLE) / (1 - _LEAST_VISIBLE), 0, 1)
        return seen / np.maximum(self.deviation, 0.3) ** 2

    def seen_at(self, template: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) 0..1, how far the nearest points are seen, and (N,) metres to the nearest one.

        template : (V, 3) metres; places : (N, 3) on it.
        """
        away, near = KDTree(template[self.vertices]).query(places, k=_ASKED)
        weight = np.exp(-0.5 * (away / _POINT_REACH) ** 2) + 1e-12
        return (weight * self.visible[near]).sum(1) / weight.sum(1), np.asarray(away)[:, 0]


def mixed_expression(
    neutral: np.ndarray, expressions: np.ndarray, camera: Camera, evidence: PointEvidence
) -> np.ndarray:
    """The head with the mixture of expressions that meets the evidence best, (V, 3) float32.

    neutral : (V, 3) metres; expressions : (E, V, 3) metres, displacements; E may be 0. Weights lie
    in 0..1 and sum to at most 1: projected gradient descent on the simplex, from their average.
    """
    count = len(expressions)
    if not count:
        return neutral
    at = evidence.vertices
    weights = np.full(count, 1 / count)
    trust = evidence.certainty[:, None]
    for _ in range(_ROUNDS):
        shown = neutral[at] + np.tensordot(weights, expressions[:, at], 1)
        picture = camera.project(shown)
        depth = -camera.to_camera(shown)[:, 2]
        slopes = (expressions[:, at] @ camera.rotation.T)[..., :2] * (camera.focal / depth)[:, None]
        slopes = slopes * (1, -1)  # (E, P, 2) pixels per unit weight
        gradient = (slopes * (trust * (picture - evidence.points))).sum((1, 2))
        curvature = np.linalg.norm(np.einsum("epc,fpc->ef", slopes * trust, slopes), 2)
        step = gradient / max(curvature, 1e-9)
        weights = _onto_simplex(weights - step)
    return (neutral + np.tensordot(weights, expressions, 1)).astype(np.float32)


def photo_places(vertices: np.ndarray, camera: Camera, evidence: PointEvidence) -> np.ndarray:
    """Where the photo shows each vertex, (V, 2) float64 photo pixels.

    vertices : (V, 3) metres, engine frame, as `camera` sees them.
    """
    drawn = camera.project(vertices)
    trust = evidence.certainty
    used = trust > 0
    if used.sum() < 6:
        return drawn
    places = vertices[evidence.vertices[used]].astype(np.float64)
    missed = evidence.points[used] - drawn[evidence.vertices[used]]
    variance = 1 / trust[used]
    kept = _inliers(missed, variance)
    places, missed, variance = places[kept], missed[kept], variance[kept]
    affine = _Affine.of(drawn[evidence.vertices[used]][kept], missed, variance)
    left = missed - affine(drawn[evidence.vertices[used]][kept])
    sill = max(float(np.mean(left**2)), 0.25)
    kernel = sill * _kernel(places, places)
    gain = np.linalg.solve(kernel + np.diag(variance), left)
    return drawn + affine(drawn) + sill * _kernel(vertices.astype(np.float64), places) @ gain


def _inliers(missed: np.ndarray, variance: np.ndarray) -> np.ndarray:
    away = np.linalg.norm(missed - np.median(missed, 0), axis=1)
    spread = 1.4826 * np.median(away)
    return away <= _OUTLIER * np.maximum(2 * spread, np.sqrt(variance))


@dataclass(frozen=True, eq=False)
class _Affine:
    """The map (N, 2) → (N, 2) that explains the residuals, drawn towards a mere shift."""

    middle: np.ndarray
    size: float
    solution: np.ndarray

    @classmethod
    def of(cls, places: np.ndarray, missed: np.ndarray, variance: np.ndarray) -> _Affine:
        middle, size = places.mean(0), max(float(np.ptp(places, axis=0).max()), 1e-9)
        design = np.c_[np.ones(len(places)), (places - middle) / size]
        weighted = design / variance[:, None]
        prior = np.diag([0, 1, 1]) * (weighted * design).sum() * 0.01
        return cls(middle, size, np.linalg.solve(weighted.T @ design + prior, weighted.T @ missed))

    def __call__(self, at: np.ndarray) -> np.ndarray:
        away = np.clip((at - self.middle) / self.size, -1, 1)  # no wilder than at the points
        return np.c_[np.ones(len(at)), away] @ self.solution


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Matérn 3/2 between (N, 3) and (M, 3) metres."""
    squared = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    away = np.sqrt(3 * np.maximum(squared, 0)) / _REACH
    return (1 + away) * np.exp(-away)


def _onto_simplex(weights: np.ndarray) -> np.ndarray:
    """The nearest weights in 0..1 that sum to at most 1 (Duchi et al. 2008)."""
    clipped = np.clip(weights, 0, 1)
    if clipped.sum() <= 1:
        return clipped
    ordered = np.sort(weights)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, len(weights) + 1)
    last = np.flatnonzero(ordered > excess)[-1]
    return np.clip(weights - excess[last], 0, None)
