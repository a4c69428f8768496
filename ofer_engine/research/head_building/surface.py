"""The points of a surface that are nearest to others."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from scipy.spatial import KDTree

_NEAR = 24


@numba.njit(cache=True)
def _closest_on_triangle(p, a, b, c):
    """Barycentric coordinates of the point of abc nearest to p (Ericson 2005, §5.1.5)."""
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = np.dot(ab, ap), np.dot(ac, ap)
    if d1 <= 0 and d2 <= 0:
        return 1.0, 0.0, 0.0
    bp = p - b
    d3, d4 = np.dot(ab, bp), np.dot(ac, bp)
    if d3 >= 0 and d4 <= d3:
        return 0.0, 1.0, 0.0
    vc = d1 * d4 - d3 * d2
    if vc <= 0 and d1 >= 0 and d3 <= 0:
        v = d1 / (d1 - d3)
        return 1.0 - v, v, 0.0
    cp = p - c
    d5, d6 = np.dot(ab, cp), np.dot(ac, cp)
    if d6 >= 0 and d5 <= d6:
        return 0.0, 0.0, 1.0
    vb = d5 * d2 - d1 * d6
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        w = d2 / (d2 - d6)
        return 1.0 - w, 0.0, w
    va = d3 * d6 - d5 * d4
    if va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        return 0.0, 1.0 - w, w
    total = va + vb + vc
    return va / total, vb / total, vc / total


@numba.njit(cache=True)
def _closest(points, corners, candidates):
    best = np.empty(len(points), np.int64)
    barycentric = np.empty((len(points), 3))
    distance = np.full(len(points), np.inf)
    for i in range(len(points)):
        for j in candidates[i]:
            a, b, c = corners[j, 0], corners[j, 1], corners[j, 2]
            u, v, w = _closest_on_triangle(points[i], a, b, c)
            gap = np.linalg.norm(u * a + v * b + w * c - points[i])
            if gap < distance[i]:
                distance[i], best[i] = gap, j
                barycentric[i, 0], barycentric[i, 1], barycentric[i, 2] = u, v, w
    return best, barycentric, distance


@dataclass(frozen=True)
class SurfacePoints:
    """triangle : (n,) int; barycentric : (n, 3); position : (n, 3); distance : (n,)."""

    triangle: np.ndarray
    barycentric: np.ndarray
    position: np.ndarray
    distance: np.ndarray


def closest_points(
    points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
) -> SurfacePoints:
    """Nearest surface point of each point, among the triangles whose centroids lie nearest.

    points : (n, 3); vertices : (V, 3); triangles : (T, 3) int; any one unit of length.
    """
    corners = np.ascontiguousarray(vertices[triangles], dtype=np.float64)
    near = min(_NEAR, len(triangles))
    _, candidates = KDTree(corners.mean(1)).query(points, near)
    candidates = candidates.reshape(len(points), near)
    triangle, barycentric, distance = _closest(
        np.ascontiguousarray(points, dtype=np.float64), corners, candidates
    )
    position = (corners[triangle] * barycentric[:, :, None]).sum(1)
    return SurfacePoints(triangle, barycentric, position, distance)
