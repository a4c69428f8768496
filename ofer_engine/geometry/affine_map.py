"""The affine map from one shape onto another of the same points, whatever was sculpted. No bpy.

Points that were sculpted do not agree with any one map. Weights that fall with the residual, and
ever more steeply (graduated non-convexity: Yang et al., "Graduated Non-Convexity for Robust Spatial
Perception", 2020), leave those that do; in them the map is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from .similarity import best_similarity

_SAMPLE: Final = 3000
"""Points that the search looks at; the last steps look at all."""
_EXACT: Final = 2e-5
"""In sizes of the shape (root mean square radius): agreement but for rounding."""
_ROUNDING: Final = 2 * float(np.finfo(np.float32).eps)
_LEAST_SHARE: Final = 0.15
"""Of the points, which agree exactly where a map counts as found."""
_BROAD_SHARE: Final = 0.5
"""Of the points, which a stretch must agree with exactly, and a map serve where none is found."""
_NEARLY_ALL: Final = 0.9
"""Of the points, which a map must agree with to be believed where a fair share never moved: those
in the middle of a head that was mirrored."""
_NARROWING: Final = 0.75
_MOST_STEPS: Final = 80
_UNMOVED: Final = 1.5
"""Where all was sculpted: a map is believed in where it fits so much better than none."""

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], "Affine"]


@dataclass(frozen=True, eq=False)
class Affine:
    """point -> linear @ point + offset; linear : (3, 3) float64, offset : (3,) float64."""

    linear: np.ndarray
    offset: np.ndarray

    def points(self, points: np.ndarray) -> np.ndarray:
        """(…, 3) float -> (…, 3) float64."""
        return self.moves(points) + self.offset

    def moves(self, moves: np.ndarray) -> np.ndarray:
        """Directions and movements, (…, 3) float -> (…, 3) float64."""
        return np.asarray(moves, np.float64) @ self.linear.T

    @property
    def mirrors(self) -> bool:
        """Left and right change places."""
        return bool(np.linalg.det(self.linear) < 0)

    @property
    def scale(self) -> float:
        """Of lengths, in the mean of all directions."""
        return float(abs(np.linalg.det(self.linear)) ** (1 / 3))

    @property
    def stretch(self) -> float:
        """How much more it scales one direction than another; 1 in a similarity."""
        largest, _, smallest = np.linalg.svd(self.linear, compute_uv=False)
        return float(largest / max(smallest, 1e-12))

    @property
    def rotation(self) -> np.ndarray:
        """(3, 3) float64: the rotation nearest to the map's turn (its polar part)."""
        left, _, right = np.linalg.svd(self.linear)
        return left @ right


UNMOVED: Final = Affine(np.eye(3), np.zeros(3))


def find(source: np.ndarray, target: np.ndarray) -> Affine:
    """The map from source onto target, both (P, 3) float: none at all before a similarity before a
    stretch, the first that agrees exactly with a fair share of the points.

    Where all of target was sculpted, the similarity that serves most of it, or `UNMOVED` where that
    serves it as well.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    exact = max(_EXACT * _size(target), _ROUNDING * float(np.abs(target).max(initial=0.0)))
    still = _agreeing(UNMOVED, source, target, exact)
    if still >= _BROAD_SHARE:
        return UNMOVED
    similar, broad = _search(_similarity, source, target, exact)
    moved = _agreeing(similar, source, target, exact)
    if still >= _LEAST_SHARE and moved < _NEARLY_ALL:
        return UNMOVED
    if moved >= _LEAST_SHARE:
        return similar
    stretched, _ = _search(_stretched, source, target, exact)
    if _agreeing(stretched, source, target, exact) >= _BROAD_SHARE:
        return stretched
    moved, unmoved = (np.median(_residuals(each, source, target)) for each in (broad, UNMOVED))
    return broad if moved * _UNMOVED < unmoved else UNMOVED


def _search(
    fit: Fit, source: np.ndarray, target: np.ndarray, exact: float
) -> tuple[Affine, Affine]:
    """(the map that the narrowest weights lead to, the last that served `_BROAD_SHARE`)."""
    few = slice(None, None, -(-len(source) // _SAMPLE))
    points, goals = source[few], target[few]
    found = broad = fit(points, goals, np.ones(len(points)))
    width = float(_residuals(found, points, goals).max(initial=0.0))
    for _ in range(_MOST_STEPS):
        found = fit(points, goals, _weights(found, points, goals, width))
        share = float((_residuals(found, points, goals) < 2 * width).mean())
        if share >= _BROAD_SHARE:
            broad = found
        if width <= exact or share < _LEAST_SHARE:
            break
        width *= _NARROWING
    for _ in range(2):
        found = fit(source, target, _weights(found, source, target, max(width, exact)))
    agree = _residuals(found, source, target) <= 3 * exact
    if agree.mean() >= _LEAST_SHARE:
        found = fit(source, target, agree.astype(float))
    return found, broad


def _weights(found: Affine, source: np.ndarray, target: np.ndarray, width: float) -> np.ndarray:
    """(P,) Geman and McClure's weights for residuals of a width."""
    if not width:
        return np.ones(len(source))
    return np.square(width**2 / (width**2 + np.square(_residuals(found, source, target))))


def _residuals(found: Affine, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found.points(source) - target, axis=1)


def _agreeing(found: Affine, source: np.ndarray, target: np.ndarray, exact: float) -> float:
    return float((_residuals(found, source, target) <= 3 * exact).mean())


def _size(points: np.ndarray) -> float:
    return float(np.sqrt(np.square(points - points.mean(0)).sum(1).mean()))


def _similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> Affine:
    """The similarity of least squares, mirrored where that fits better."""
    best = best_similarity(source, target, weights, mirroring=True)
    return Affine(best.scale * best.rotation, best.translation)


def _stretched(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> Affine:
    """The affine map of least squares."""
    (middle, points), (goal, goals) = _centred(source, weights), _centred(target, weights)
    weighted = points * weights[:, None]
    linear = np.linalg.lstsq(weighted.T @ points, weighted.T @ goals, rcond=None)[0].T
    return Affine(linear, goal - linear @ middle)


def _centred(points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    middle = np.average(points, axis=0, weights=weights)
    return middle, points - middle
