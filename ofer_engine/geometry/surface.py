"""Points on a surface of triangles that faces the way they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from .closest_points import closest_on_triangles

_CANDIDATES = 16
_FINEST = 8


def is_surface(vertices: np.ndarray, triangles: np.ndarray) -> bool:
    """Whether neighbours in the mesh are neighbours in space, as they are on any real head; the
    invented heads of tests join vertices at random."""
    edges = vertices[triangles] - vertices[triangles[:, [1, 2, 0]]]
    extent = np.ptp(vertices, axis=0).max()
    return bool(np.median(np.linalg.norm(edges, axis=2)) < extent / _FINEST)


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """corners : (N, 3) int vertex ids; weights : (N, 3) barycentric; distance : (N,);
    facing : (N,) cosine between the surface's normal there and the point's own."""

    corners: np.ndarray
    weights: np.ndarray
    distance: np.ndarray
    facing: np.ndarray

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Vertex values (V, ...) at the points, (N, ...)."""
        return np.einsum("nk,nk...->n...", self.weights, values[self.corners])


def closest_facing(
    points: np.ndarray,
    normals: np.ndarray,
    vertices: np.ndarray,
    triangles: np.ndarray,
    patience: float,
) -> SurfacePoints:
    """The nearest point of the surface, where a surface that looks away counts as farther.

    points, normals : (N, 3), unit normals; vertices : (V, 3); triangles : (T, 3) int;
    patience : length that a surface facing the opposite way is set back by.
    """
    corners = np.asarray(vertices, float)[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    face /= np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-20)
    count = min(_CANDIDATES, len(triangles))
    # Searching in (position, scaled normal) finds candidates that face the right way first.
    tree = KDTree(np.hstack((corners.mean(1), face * patience / 2)))
    _, near = tree.query(np.hstack((points, normals * patience / 2)), count)
    near = near.reshape(len(points), count)
    feet = closest_on_triangles(np.repeat(points, count, 0), corners[near.ravel()])
    feet = feet.reshape(len(points), count, 3)
    apart = np.linalg.norm(feet - points[:, None], axis=2)
    facing = np.einsum("nkc,nc->nk", face[near], normals)
    cost = np.square(apart) + np.square(patience / 2) * (1 - facing) * 2
    best = cost.argmin(1)
    row = np.arange(len(points))
    chosen = near[row, best]
    return SurfacePoints(
        triangles[chosen],
        _barycentric(feet[row, best], corners[chosen]),
        apart[row, best],
        facing[row, best],
    )


def _barycentric(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(N, 3) weights of points (N, 3) that lie on triangles (N, 3, 3)."""
    a, b, c = np.moveaxis(corners, 1, 0)
    normal = np.cross(b - a, c - a)
    area = np.maximum(np.square(normal).sum(1), 1e-30)
    second = (np.cross(c - a, a - points) * normal).sum(1) / area
    third = (np.cross(a - b, a - points) * normal).sum(1) / area
    weights = np.clip(np.stack((1 - second - third, second, third), 1), 0.0, 1.0)
    return weights / weights.sum(1, keepdims=True)
