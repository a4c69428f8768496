"""A small z-buffer view of a coloured mesh that remembers which surface point each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from ...geometry.triangles import vertex_normals


@dataclass(frozen=True)
class SurfaceView:
    """picture : (S, S, 3) float32 in 0..1; triangle : (S, S) int32, -1 where nothing is seen;
    barycentric : (S, S, 3) float32; pixels : (V, 2), the vertices in picture pixels."""

    picture: np.ndarray
    triangle: np.ndarray
    barycentric: np.ndarray
    pixels: np.ndarray


@numba.njit(cache=True)
def _rasterise(pixels, inverse_depth, triangles, size):
    nearest = np.zeros((size, size), np.float32)
    shown = np.full((size, size), -1, np.int32)
    barycentric = np.zeros((size, size, 3), np.float32)
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        ax, ay = pixels[a]
        bx, by = pixels[b]
        cx, cy = pixels[c]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= -1e-9:
            continue
        x0, x1 = max(0, int(min(ax, bx, cx))), min(size - 1, int(max(ax, bx, cx)) + 1)
        y0, y1 = max(0, int(min(ay, by, cy))), min(size - 1, int(max(ay, by, cy)) + 1)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x + 0.5, y + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1.0 - u - v
                if u < 0 or v < 0 or w < 0:
                    continue
                depth = u * inverse_depth[a] + v * inverse_depth[b] + w * inverse_depth[c]
                if depth > nearest[y, x]:
                    nearest[y, x] = depth
                    shown[y, x] = t
                    barycentric[y, x, 0], barycentric[y, x, 1] = u, v
                    barycentric[y, x, 2] = w
    return shown, barycentric


def view(
    vertices: np.ndarray,
    triangles: np.ndarray,
    colours: np.ndarray,
    *,
    turn: np.ndarray,
    centre: np.ndarray,
    extent: float,
    distance: float = 1.0,
    size: int = 512,
    light: tuple[float, float, float] = (0.3, 0.5, 1.0),
    background: float = 1.0,
) -> SurfaceView:
    """Perspective view from the front.

    vertices : (V, 3) metres; colours : (V, 3) in 0..1; turn : (3, 3) rotation of the head about
    centre; extent : metres across the picture at the centre; distance : metres from the eye.
    """
    turned = (vertices - centre) @ turn.T
    depth = distance - turned[:, 2]
    scale = size * distance / extent
    pixels = turned[:, :2] * [1, -1] / depth[:, None] * scale + size / 2
    triangle, barycentric = _rasterise(pixels, 1 / depth, triangles, size)
    seen = triangle >= 0
    corners = triangles[triangle[seen]]
    weights = barycentric[seen][:, :, None]
    normals = (vertex_normals(turned, triangles, float)[corners] * weights).sum(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    towards = np.asarray(light) / np.linalg.norm(light)
    shade = 0.35 + 0.65 * np.clip(normals @ towards, 0, 1)
    picture = np.full((size, size, 3), background, np.float32)
    picture[seen] = np.clip((colours[corners] * weights).sum(1) * shade[:, None], 0, 1)
    return SurfaceView(picture, triangle, barycentric, pixels)
