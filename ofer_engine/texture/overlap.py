"""Which polygons of a flat layout lie over others."""

from __future__ import annotations

import numpy as np

from ..geometry.rasteriser import rasterise

_ROUNDS = 8


def overlapping(
    corners: np.ndarray, polygon: np.ndarray, height: np.ndarray, side: int = 1024
) -> np.ndarray:
    """(F,) bool: polygons that would have to go for none to overlap, the lower ones first.

    corners : (T, 3, 2) in 0..1, counter-clockwise; polygon : (T,) int, whose triangle each is;
    height : (F,), who stays on top; side : pixels, how finely to look.
    """
    gone = np.zeros(len(height), bool)
    order = np.argsort(np.argsort(height, kind="stable"), kind="stable").astype(np.float32)
    for _ in range(_ROUNDS):
        kept = np.flatnonzero(~gone[polygon])
        if not len(kept):
            break
        rank = order[polygon[kept]]
        top = _owner(corners[kept], 2 + rank.max() - rank, polygon[kept], side)
        bottom = _owner(corners[kept], 1 + rank, polygon[kept], side)
        differ = top != bottom
        if not differ.any():
            break
        gone[np.unique(bottom[differ])] = True
    return gone


def _owner(corners: np.ndarray, depth: np.ndarray, polygon: np.ndarray, side: int) -> np.ndarray:
    """(side²,) int: the polygon that a pixel shows, the least deep one, or -1."""
    points = corners.reshape(-1, 2) * side
    points[:, 1] = side - points[:, 1]
    triangles = np.arange(len(points)).reshape(-1, 3)
    # Shared borders belong to both neighbours; shrinking makes that no overlap.
    middle = np.repeat(points.reshape(-1, 3, 2).mean(1), 3, 0)
    away = points - middle
    size = np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    points = points - away * np.minimum(0.02 / size + 0.001, 0.5)
    fragments = rasterise(points, np.repeat(depth, 3), triangles, side, side)
    owner = np.full(side * side, -1)
    owner[fragments.pixel] = polygon[fragments.corners[:, 0] // 3]
    return owner
