"""Similarities: turned, scaled and shifted; mirrored only where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_LEAST_SPREAD: Final = 1e-30
"""Square units, so that points which all lie in one place are no division by zero."""


@dataclass(frozen=True, eq=False)
class Similarity:
    """point ↦ scale · rotation @ point + translation, in a plane (D = 2) or in space (D = 3).

    scale : float or (…,); rotation : (…, D, D), proper unless it mirrors; translation : (…, D).
    One similarity, or one for each row of leading dimensions.
    """

    scale: float | np.ndarray
    rotation: np.ndarray
    translation: np.ndarray

    def apply(self, points: np.ndarray) -> np.ndarray:
        """points : (…, N, D), or (D,) for one similarity. Returns the same shape, moved."""
        if self.rotation.ndim == 2:
            return self.scale * points @ self.rotation.T + self.translation
        scale = np.asarray(self.scale)[..., None, None]
        turned = scale * points @ np.swapaxes(self.rotation, -1, -2)
        return turned + self.translation[..., None, :]

    def undo(self, points: np.ndarray) -> np.ndarray:
        """points : (…, D) where one similarity has moved them. Returns where they came from."""
        return self.undo_moves(points - self.translation)

    def undo_moves(self, moves: np.ndarray) -> np.ndarray:
        """moves : (…, D) displacements after one similarity. Returns them before it."""
        return moves @ self.rotation / self.scale

    def after(self, first: Similarity) -> Similarity:
        """The similarity that applies `first`, then this one; both single."""
        return Similarity(
            self.scale * first.scale,
            self.rotation @ first.rotation,
            self.apply(first.translation),
        )


def best_similarity(
    moving: np.ndarray,
    fixed: np.ndarray,
    weights: np.ndarray | None = None,
    scaling: bool = True,
    mirroring: bool = False,
) -> Similarity:
    """The similarity with the least (weighted) sum of squares of moved `moving` - `fixed`.

    moving, fixed : (…, N, D), N >= D, units as given; weights : (N,) >= 0, all alike by default;
    without `scaling` the scale is 1; with `mirroring` it mirrors where that fits better. Umeyama,
    "Least-squares estimation of transformation parameters", 1991, eq. 40-43.
    """
    share = None if weights is None else (weights / weights.sum())[:, None]
    moving_mean, fixed_mean = _mean(moving, share), _mean(fixed, share)
    centred, target = moving - moving_mean, fixed - fixed_mean
    weighted = target if share is None else target * share
    left, singular, right = np.linalg.svd(np.swapaxes(weighted, -1, -2) @ centred)
    flip = np.ones_like(singular)
    if not mirroring:
        flip[..., -1] = np.sign(np.linalg.det(left @ right))
    rotation = (left * flip[..., None, :]) @ right
    squared = np.square(centred) if share is None else np.square(centred) * share
    spread = np.maximum(squared.sum(axis=(-1, -2)), _LEAST_SPREAD)
    scale = (singular * flip).sum(axis=-1) / spread
    if not scaling:
        scale = np.ones_like(scale)
    turned = moving_mean @ np.swapaxes(rotation, -1, -2)
    translation = (fixed_mean - scale[..., None, None] * turned)[..., 0, :]
    return Similarity(float(scale) if scale.ndim == 0 else scale, rotation, translation)


def without_similarity(moves: np.ndarray, places: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Small moves (K, N, 3) of points at `places` (N, 3), less what a small shift, turn and change
    of size explains of them, by least squares over the points of index `at` (M,)."""
    about = places - places[at].mean(axis=0)
    axes = np.eye(3)
    shifts = np.broadcast_to(axes[:, None], (3, *places.shape))
    turns = np.cross(axes[:, None], about)
    ways = np.concatenate([shifts, turns, about[None]])
    flat = moves[:, at].reshape(len(moves), -1)
    shares = np.linalg.lstsq(ways[:, at].reshape(len(ways), -1).T, flat.T, rcond=None)[0]
    return moves - np.tensordot(shares.T, ways, 1)


def _mean(points: np.ndarray, share: np.ndarray | None) -> np.ndarray:
    if share is None:
        return points.mean(axis=-2, keepdims=True)
    return (points * share).sum(axis=-2, keepdims=True)
