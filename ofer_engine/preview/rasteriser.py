"""A z-buffer in plain numpy: which triangle each pixel sees, and where in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_EDGE = 1e-4
"""Slack on barycentric weights, so that no crack opens between neighbours in float32."""


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
    x, y = points[triangles, 0], points[triangles, 1]
    left, right = _span(x, width)
    top, bottom = _span(y, height)
    wide = np.maximum(right - left, 0)
    cells = wide * np.maximum(bottom - top, 0)
    owner = np.repeat(np.arange(len(triangles)), cells)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(cells) - cells, cells)
    row = top[owner] + place // wide[owner]
    column = left[owner] + place % wide[owner]
    weights = _barycentric(x, y, owner, column, row)
    inside = (weights >= -_EDGE).all(1)
    owner, weights = owner[inside], weights[inside]
    pixel = row[inside] * width + column[inside]
    weights /= depth[triangles[owner]]
    nearness = weights.sum(1)
    weights /= nearness[:, None]
    first = _nearest(pixel, nearness, height * width)
    return Fragments(pixel[first], triangles[owner[first]], weights[first], height, width)


def _in_sight(
    points: np.ndarray, depth: np.ndarray, triangles: np.ndarray, height: int, width: int
) -> np.ndarray:
    """Triangles before the camera, facing it and touching the picture."""
    triangles = triangles[(depth[triangles] > 0).all(1)]
    x, y = points[triangles, 0], points[triangles, 1]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    touches = (x.max(1) > 0) & (y.max(1) > 0) & (x.min(1) < width) & (y.min(1) < height)
    return triangles[(area < 0) & touches]


def _span(corners: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """First pixel whose centre is inside the corners' (T, 3) range, and one past the last."""
    first = np.ceil(corners.min(1) - 0.5 - _EDGE).astype(int)
    last = np.floor(corners.max(1) - 0.5 + _EDGE).astype(int) + 1
    return np.clip(first, 0, limit), np.clip(last, 0, limit)


def _barycentric(
    x: np.ndarray, y: np.ndarray, owner: np.ndarray, column: np.ndarray, row: np.ndarray
) -> np.ndarray:
    """Screen-space weights (N, 3) of pixel centres in their triangles."""
    dx, dy = x[:, [1, 2]] - x[:, :1], y[:, [1, 2]] - y[:, :1]
    scale = 1 / (dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0])
    px = (column + 0.5).astype(np.float32) - x[owner, 0]
    py = (row + 0.5).astype(np.float32) - y[owner, 0]
    second = (px * (dy[:, 1] * scale)[owner]) - (py * (dx[:, 1] * scale)[owner])
    third = (py * (dx[:, 0] * scale)[owner]) - (px * (dy[:, 0] * scale)[owner])
    return np.stack([1 - second - third, second, third], 1)


def _nearest(pixel: np.ndarray, nearness: np.ndarray, pixels: int) -> np.ndarray:
    """Index of the nearest candidate of each pixel that has any."""
    order = np.argsort(nearness, kind="stable")
    winner = np.full(pixels, -1)
    winner[pixel[order]] = order
    return winner[winner >= 0]


def triangulated(polygons: np.ndarray) -> np.ndarray:
    """(T, 3) triangles of polygons (F, 4), -1 last in a triangle."""
    quads = polygons[polygons[:, 3] >= 0]
    return np.concatenate([polygons[:, :3], quads[:, [0, 2, 3]]])


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals. vertices (V, 3); triangles (T, 3) -> (V, 3) float32."""
    corner = vertices[triangles]
    face = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    each = np.repeat(face, 3, 0)
    ids = triangles.ravel()
    normals = np.stack([np.bincount(ids, each[:, axis], len(vertices)) for axis in range(3)], 1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(length, 1e-20)).astype(np.float32)
