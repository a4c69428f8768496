"""Triangles of a mesh, and its normals: plain numpy, for every part of the engine."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import DTypeLike

_NO_AREA: Final = 1e-14
"""Square metres, of two triangles."""


def triangulate(polygons: np.ndarray) -> np.ndarray:
    """polygons : (F, 4) int, last -1 for a triangle. (T, 3) int, the same winding."""
    quads = polygons[polygons[:, 3] >= 0]
    return np.concatenate([polygons[:, :3], quads[:, [0, 2, 3]]])


def edges_of(triangles: np.ndarray) -> np.ndarray:
    """(E, 2) int: each edge of triangles (T, 3) once, the smaller vertex first, in order."""
    ends = np.concatenate([triangles[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    return np.unique(np.sort(ends, axis=1), axis=0)


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, 3) cross products of (N, 3) by rows: NumPy's, which takes any axes, is half as fast."""
    (a, b, c), (d, e, f) = first.T, second.T
    return np.stack((b * f - c * e, c * d - a * f, a * e - b * d), 1)


def face_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals. vertices (V, 3) metres; triangles (T, 3) -> (T, 3), 0 for one without area."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    normals = cross(b - a, c - a)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > _NO_AREA, normals / np.maximum(length, _NO_AREA), 0.0)


def vertex_normals(
    vertices: np.ndarray, triangles: np.ndarray, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """Area-weighted unit normals. vertices (V, 3); triangles (T, 3) -> (V, 3) of `dtype`."""
    corner = vertices[triangles]
    face = cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    each = np.repeat(face, 3, 0)
    ids = triangles.ravel()
    normals = np.stack([np.bincount(ids, each[:, axis], len(vertices)) for axis in range(3)], 1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(length, 1e-20)).astype(dtype, copy=False)
