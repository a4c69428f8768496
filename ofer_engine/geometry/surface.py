"""Points of a surface of triangles: the nearest ones, and the nearest that face the same way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from .closest_points import closest_on_triangles, feet_inside
from .triangles import cross

_CANDIDATES = 16
_FINEST = 8
_FIRST_NEIGHBOURS = 4


def closest_vertices(points: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """(N,) int, the vertex (V, 3) nearest to each of the points (N, 3)."""
    return np.asarray(KDTree(vertices).query(points)[1])


def is_surface(vertices: np.ndarray, triangles: np.ndarray) -> bool:
    """Whether neighbours in the mesh are neighbours in space, as they are on any real head; the
    invented heads of tests join vertices at random. vertices : (V, 3); triangles : (T, 3) int."""
    edges = vertices[triangles] - vertices[triangles[:, [1, 2, 0]]]
    extent = np.ptp(vertices, axis=0).max()
    return bool(np.median(np.linalg.norm(edges, axis=2)) < extent / _FINEST)


@dataclass(frozen=True, eq=False)
class FacingPoints:
    """corners : (N, 3) int vertex ids; weights : (N, 3) barycentric; distance : (N,);
    facing : (N,) cosine between the surface's normal there and the point's own."""

    corners: np.ndarray
    weights: np.ndarray
    distance: np.ndarray
    facing: np.ndarray

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Vertex values (V, ...) at the points, (N, ...)."""
        return np.einsum("nk,nk...->n...", self.weights, values[self.corners])


class FacingSurface:
    """A surface whose triangles look somewhere. vertices : (V, 3); triangles : (T, 3) int;
    patience : length that a triangle facing the opposite way of a point is set back by."""

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray, patience: float) -> None:
        self._triangles, self._patience = triangles, patience
        self._corners = np.asarray(vertices, float)[triangles]
        self._face = _unit_normals(self._corners)

    def candidates(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(N, K) int, the triangles among which `closest` looks. points, normals : (N, 3), unit
        normals."""
        # Searching in (position, scaled normal) finds candidates that face the right way first.
        scale = self._patience / 2
        tree = KDTree(np.hstack((self._corners.mean(1), self._face * scale)))
        count = min(_CANDIDATES, len(self._corners))
        near = np.asarray(tree.query(np.hstack((points, normals * scale)), count)[1])
        return near.reshape(len(points), count)

    def closest(self, points: np.ndarray, normals: np.ndarray, near: np.ndarray) -> FacingPoints:
        """The nearest point for each, where a surface that looks away counts as farther. near :
        their `candidates`."""
        corners, count = self._corners, near.shape[1]
        feet = closest_on_triangles(np.repeat(points, count, 0), corners[near.ravel()])
        feet = feet.reshape(len(points), count, 3)
        apart = np.linalg.norm(feet - points[:, None], axis=2)
        facing = np.einsum("nkc,nc->nk", self._face[near], normals)
        cost = np.square(apart) + np.square(self._patience / 2) * (1 - facing) * 2
        best = cost.argmin(1)
        row = np.arange(len(points))
        chosen = near[row, best]
        return FacingPoints(
            self._triangles[chosen],
            _barycentric(feet[row, best], corners[chosen]),
            apart[row, best],
            facing[row, best],
        )

    def beneath(
        self, points: np.ndarray, normals: np.ndarray, near: np.ndarray, reach: float
    ) -> np.ndarray:
        """(N,) bool: points (N, 3) that lie straight beneath one of the triangles near them, (N, K)
        int, less than reach below it; or above it, where one of its vertices' normals (V, 3) says
        that this is below."""
        corners, face = self._corners, self._face
        height = np.einsum("nkc,nc->nk", face[near], points)
        height -= (face * corners[:, 0]).sum(1)[near]
        torn = (np.einsum("tkc,tc->tk", normals[self._triangles], face) <= 0).any(1)
        row, column = np.nonzero((np.abs(height) < reach) & ((height < 0) | torn[near]))
        found = np.zeros(len(points), bool)
        found[row[feet_inside(points[row], corners[near[row, column]])[0]]] = True
        return found


def closest_facing(
    points: np.ndarray,
    normals: np.ndarray,
    vertices: np.ndarray,
    triangles: np.ndarray,
    patience: float,
) -> FacingPoints:
    """The nearest point of the surface, where a surface that looks away counts as farther.

    points, normals : (N, 3), unit normals; vertices : (V, 3); triangles : (T, 3) int;
    patience : length that a surface facing the opposite way is set back by.
    """
    surface = FacingSurface(vertices, triangles, patience)
    return surface.closest(points, normals, surface.candidates(points, normals))


def _unit_normals(corners: np.ndarray) -> np.ndarray:
    """(T, 3) of triangles with corners (T, 3, 3), 0 without area."""
    face = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return face / np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-20)


@dataclass(frozen=True, eq=False)
class Closest:
    """distance : (N,); point : (N, 3) on the surface; triangle : (N,) its number. Float64."""

    surface: Surface
    distance: np.ndarray
    point: np.ndarray
    triangle: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """(N, 3) barycentric coordinates of the points in their triangles."""
        return _barycentric(self.point, self.surface.corners[self.triangle])

    def of(self, chosen: np.ndarray) -> Closest:
        """Those of some of the points; chosen : an index into N."""
        columns = (self.distance, self.point, self.triangle)
        return Closest(self.surface, *(column[chosen] for column in columns))


@dataclass(frozen=True)
class _SizeClass:
    """Triangles of about one size. radius : no corner is farther than this from its centre."""

    centres: KDTree
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
        normal = cross(b - a, c - a)
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
        best = Closest(self, np.linalg.norm(feet - points, axis=1), feet, guess.copy())
        for size_class in self._classes:
            self._improve(best, points, size_class)
        return best

    def _improve(self, best: Closest, points: np.ndarray, of: _SizeClass) -> None:
        rows, seen, upto = np.arange(len(points)), 0, _FIRST_NEIGHBOURS
        while rows.size and seen < len(of.triangles):
            upto = min(upto, len(of.triangles))
            reach, near = of.centres.query(points[rows], k=range(seen + 1, upto + 1))
            reach, triangles = np.asarray(reach), of.triangles[near]
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
    centres = corners.mean(axis=1)
    middle = np.median(radius[radius > 0]) if (radius > 0).any() else 1.0
    doublings = np.maximum(np.ceil(np.log2(np.maximum(radius, middle / 2) / middle)), 0)
    classes: list[_SizeClass] = []
    for doubling in np.unique(doublings):
        triangles = np.flatnonzero(doublings == doubling)
        tree = KDTree(centres[triangles])
        classes.append(_SizeClass(tree, triangles, float(radius[triangles].max())))
    return classes


def _barycentric(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(N, 3) weights of points (N, 3) that lie on triangles (N, 3, 3)."""
    a, b, c = np.moveaxis(corners, 1, 0)
    normal = cross(b - a, c - a)
    area = np.maximum(np.square(normal).sum(1), 1e-30)
    second = (cross(c - a, a - points) * normal).sum(1) / area
    third = (cross(a - b, a - points) * normal).sum(1) / area
    weights = np.clip(np.stack((1 - second - third, second, third), 1), 0.0, 1.0)
    return weights / weights.sum(1, keepdims=True)
