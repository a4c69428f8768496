"""Distance of points from a surface of triangles: exact, not that of the nearest vertex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...geometry.closest_points import closest_on_triangles
from ...requirements import Group, required

_FIRST_NEIGHBOURS = 4


@dataclass(frozen=True)
class Closest:
    """distance : (N,); point : (N, 3) on the surface; triangle : (N,) its number. Float64."""

    distance: np.ndarray
    point: np.ndarray
    triangle: np.ndarray


@dataclass(frozen=True)
class _SizeClass:
    """Triangles of about one size. radius : no corner is farther than this from its centre."""

    centres: Any
    triangles: np.ndarray
    radius: float


class Surface:
    """Triangles that points can be measured to.

    vertices : (V, 3) float, any unit; triangles : (F, 3) int. Triangles without area are allowed.
    """

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray) -> None:
        self.corners = np.asarray(vertices, float)[triangles]
        self._radius = _radius(self.corners)
        self._classes = _size_classes(self.corners, self._radius)

    @property
    def normals(self) -> np.ndarray:
        """(F, 3) unit normals; zero where a triangle has no area."""
        a, b, c = np.moveaxis(self.corners, 1, 0)
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        return np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)

    def closest(self, points: np.ndarray, guess: np.ndarray | None = None) -> Closest:
        """The nearest point of the surface for each of points (N, 3).

        Exact: a point takes in further triangles, by distance of their centres, until no triangle
        left out could reach nearer than what is found. guess : (N,) triangles likely to be the
        nearest, such as those of a moment ago; it makes this faster and changes no distance.
        """
        points = np.asarray(points, float)
        guess = np.zeros(len(points), int) if guess is None else guess
        feet = closest_on_triangles(points, self.corners[guess])
        best = Closest(np.linalg.norm(feet - points, axis=1), feet, guess.copy())
        for size_class in self._classes:
            self._improve(best, points, size_class)
        return best

    def _improve(self, best: Closest, points: np.ndarray, of: _SizeClass) -> None:
        rows, seen, upto = np.arange(len(points)), 0, _FIRST_NEIGHBOURS
        while rows.size and seen < len(of.triangles):
            upto = min(upto, len(of.triangles))
            reach, near = of.centres.query(points[rows], k=range(seen + 1, upto + 1))
            triangles = of.triangles[near]
            self._measure(best, points, rows, triangles, reach - self._radius[triangles])
            rows = rows[reach[:, -1] - of.radius < best.distance[rows]]
            seen, upto = upto, 4 * upto

    def _measure(
        self,
        best: Closest,
        points: np.ndarray,
        rows: np.ndarray,
        triangles: np.ndarray,
        at_least: np.ndarray,
    ) -> None:
        """Lower `best` at rows (n,) by triangles (n, k) that are at_least (n, k) away."""
        row, column = np.nonzero(at_least < best.distance[rows][:, None])
        pair_points, pair_triangles = points[rows[row]], triangles[row, column]
        found = closest_on_triangles(pair_points, self.corners[pair_triangles])
        distance = np.full(triangles.shape, np.inf)
        distance[row, column] = np.linalg.norm(found - pair_points, axis=1)
        position = np.zeros(triangles.shape, int)
        position[row, column] = np.arange(len(row))
        nearest = distance.argmin(axis=1)
        every = np.arange(len(rows))
        better = distance[every, nearest] < best.distance[rows]
        winners, targets = nearest[better], rows[better]
        best.distance[targets] = distance[every[better], winners]
        best.point[targets] = found[position[every[better], winners]]
        best.triangle[targets] = triangles[every[better], winners]


def _radius(corners: np.ndarray) -> np.ndarray:
    """(F,) distance of the farthest corner from the triangle's centre."""
    return np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2).max(axis=1)


def _size_classes(corners: np.ndarray, radius: np.ndarray) -> list[_SizeClass]:
    """Triangles by size, in doublings of the median, so that a few long ones slow nobody down."""
    kd_tree = required("scipy.spatial", "Measuring against scans", Group.EVALUATE).cKDTree
    centres = corners.mean(axis=1)
    middle = np.median(radius[radius > 0]) if (radius > 0).any() else 1.0
    doublings = np.maximum(np.ceil(np.log2(np.maximum(radius, middle / 2) / middle)), 0)
    classes = []
    for doubling in np.unique(doublings):
        triangles = np.flatnonzero(doublings == doubling)
        tree = kd_tree(centres[triangles])
        classes.append(_SizeClass(tree, triangles, float(radius[triangles].max())))
    return classes
