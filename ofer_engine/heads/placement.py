"""Laying one head model over another when nothing but their joints and surfaces is known.

A coarse similarity, good to a few millimetres: enough to share a camera, not to share a shape.
"""

from __future__ import annotations

import numpy as np

from ..geometry.similarity import Similarity, best_similarity
from ..geometry.surface import closest_vertices
from .head import Head

_ROUNDS = 20
_STRIDE = 3
_TRIM = 0.8
"""Share of the nearest pairs that a round believes; the rest is hair, ears and neck."""


def place(moving: Head, fixed: Head, face: np.ndarray) -> Similarity:
    """The similarity that lays the mean of `moving` over the mean of `fixed`.

    face : (V,) bool, vertices of `fixed` that must be met. Starts from the joints that both heads
    name alike; then iterated closest points (Besl and McKay 1992), trimmed.
    """
    names = [name for name in fixed.joint_names if name in moving.joint_names]
    placement = best_similarity(_joints(moving, names), _joints(fixed, names))
    target = fixed.template[face][::_STRIDE].astype(np.float64)
    for _ in range(_ROUNDS):
        near = closest_vertices(target, placement.apply(moving.template))
        pairs = moving.template[near].astype(np.float64)
        away = np.linalg.norm(placement.apply(pairs) - target, axis=1)
        kept = away <= np.quantile(away, _TRIM)
        placement = best_similarity(pairs[kept], target[kept])
    return placement


def _joints(head: Head, names: list[str]) -> np.ndarray:
    joints = head.joints(np.zeros(1, np.float32))
    return joints[[head.joint_names.index(name) for name in names]].astype(np.float64)
