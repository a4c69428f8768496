"""A z-buffer in plain numpy: which triangle each pixel sees, and where in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_EDGE = 1e-4
"""Slack on barycentric weights, so that no crack opens between neighbours in float32."""
_SLACK = 0.01
"""Pixels of slack on where a row enters a triangle: far more than float32 errs."""


@dataclass(frozen=True)
class Fragments:
    """The N pixels that show a surface.

    pixel : (N,) int, row * width + column; corners : (N, 3) int vertex ids;
    weights : (N, 3) float32, perspective-correct, rows sum to 1; height, width : of the picture.
    """

    pixel: np.ndarray
    corners: np.ndarray
    weights: np.ndarray
    height: int
    width: int

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Vertex values (V, C) at the pixels, (N, C) float32."""
        weights = self.weights
        shown = values[self.corners[:, 0]] * weights[:, :1]
        shown += values[self.corners[:, 1]] * weights[:, 1:2]
        shown += values[self.corners[:, 2]] * weights[:, 2:]
        return shown

    def picture(self, values: np.ndarray, empty: float = 0.0) -> np.ndarray:
        """Values (N, C) laid out as (height, width, C) float32; `empty` elsewhere."""
        out = np.full((self.height * self.width, values.shape[1]), empty, np.float32)
        out[self.pixel] = values
        return out.reshape(self.height, self.width, -1)


def rasterise(
    points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, height: int, width: int
) -> Fragments:
    """The nearest front-facing triangle at every pixel centre.

    points : (V, 2) pixels, x right, y down, (0, 0) the picture's top-left corner;
    depth : (V,) along the optical axis, > 0; triangles : (T, 3) int, counter-clockwise from
    outside. Triangles that reach behind the camera are left out.
    """
    points = np.asarray(points, np.float32)
    depth = np.asarray(depth, np.float32)
    triangles = _in_sight(points, depth, triangles, height, width)
    planes = _planes(points[triangles, 0], points[triangles, 1])
    owner, row, column = _candidates(points, triangles, planes, height, width)
    x, y = (column + 0.5).astype(np.float32), (row + 0.5).astype(np.float32)
    second, third = (plane.at(owner, x, y) for plane in planes)
    first = 1 - second - third
    inside = (first >= -_EDGE) & (second >= -_EDGE) & (third >= -_EDGE)
    owner, pixel = owner[inside], (row * width + column)[inside]
    corners = triangles[owner]
    near = [
        weight[inside] / depth[corners[:, corner]]
        for corner, weight in enumerate((first, second, third))
    ]
    nearness = near[0] + near[1] + near[2]
    shown = _nearest(pixel, nearness, height * width)
    weights = np.stack([part[shown] for part in near], 1) / nearness[shown][:, None]
    return Fragments(pixel[shown], corners[shown], weights, height, width)


@dataclass(frozen=True)
class _Plane:
    """A barycentric weight of T triangles over the picture: along * (x - x0) + down * (y - y0).

    x0, y0, along, down : (T,) float32.
    """

    x0: np.ndarray
    y0: np.ndarray
    along: np.ndarray
    down: np.ndarray

    def at(self, owner: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(N,) weights at points x, y of the triangles `owner`."""
        return self.along[owner] * (x - self.x0[owner]) + self.down[owner] * (y - self.y0[owner])


def _planes(x: np.ndarray, y: np.ndarray) -> tuple[_Plane, _Plane]:
    """The weights of the second and the third corner. x, y : (T, 3) pixels."""
    dx, dy = x[:, 1:] - x[:, :1], y[:, 1:] - y[:, :1]
    scale = 1 / (dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0])
    return (
        _Plane(x[:, 0], y[:, 0], dy[:, 1] * scale, -dx[:, 1] * scale),
        _Plane(x[:, 0], y[:, 0], -dy[:, 0] * scale, dx[:, 0] * scale),
    )


def _candidates(
    points: np.ndarray,
    triangles: np.ndarray,
    planes: tuple[_Plane, _Plane],
    height: int,
    width: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangle, row and column (N,) of the pixels that may lie in a triangle, row by row."""
    top, bottom = _span(points[triangles, 1], height)
    left, right = _span(points[triangles, 0], width)
    owner, row = _counted(top, bottom)
    y = (row + 0.5).astype(np.float32)
    low, high = left[owner].astype(np.float32), right[owner].astype(np.float32)
    for along, level in _lines(planes, owner, y):
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = (-_EDGE - level) / along - 0.5
        low = np.where(along > 0, np.maximum(low, bound - _SLACK), low)
        high = np.where(along < 0, np.minimum(high, bound + 1 + _SLACK), high)
    first = np.ceil(low).astype(int)
    line, column = _counted(first, np.maximum(np.floor(high).astype(int), first))
    return owner[line], row[line], column


def _lines(
    planes: tuple[_Plane, _Plane], owner: np.ndarray, y: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each weight along a row of pixels: its slope (N,) and its value (N,) at x = 0."""
    second, third = ((p.along[owner], p.at(owner, np.zeros(1, np.float32), y)) for p in planes)
    yield second
    yield third
    yield -second[0] - third[0], 1 - second[1] - third[1]


def _counted(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) which range, and each number of the ranges first..last - 1."""
    lengths = np.maximum(last - first, 0)
    which = np.repeat(np.arange(len(first)), lengths)
    start = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) + (first - start)[which]


def _in_sight(
    points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, height: int, width: int
) -> np.ndarray:
    """Triangles before the camera, facing it and touching the picture."""
    if not (depth > 0).all():
        triangles = triangles[(depth[triangles] > 0).all(1)]
    (ax, ay), (bx, by), (cx, cy) = (points[corner].T for corner in triangles.T)
    faces = (bx - ax) * (cy - ay) < (cx - ax) * (by - ay)
    triangles = triangles[faces]
    x, y = points[triangles, 0], points[triangles, 1]
    touches = (x.max(1) > 0) & (y.max(1) > 0) & (x.min(1) < width) & (y.min(1) < height)
    return triangles[touches]


def _span(corners: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """First pixel whose centre is inside the corners' (T, 3) range, and one past the last."""
    first = np.ceil(corners.min(1) - 0.5 - _EDGE).astype(int)
    last = np.floor(corners.max(1) - 0.5 + _EDGE).astype(int) + 1
    return np.clip(first, 0, limit), np.clip(last, 0, limit)


def _nearest(pixel: np.ndarray, nearness: np.ndarray, pixels: int) -> np.ndarray:
    """Index of the nearest candidate of each pixel that has any; the last of equals."""
    best = np.zeros(pixels, nearness.dtype)
    np.maximum.at(best, pixel, nearness)
    wins = np.flatnonzero(nearness == best[pixel])
    winner = np.full(pixels, -1)
    winner[pixel[wins]] = wins
    return winner[winner >= 0]
