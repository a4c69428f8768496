"""A compiled z-buffer: which surface each pixel sees, and what that surface carries.

Screen space everywhere: x right and y down in pixels with pixel centres at +0.5, and *nearness*,
any quantity that is linear in screen space and grows towards the viewer (1 / depth for a pinhole,
height along the light for a shadow map). Kernels release the GIL, run on one thread and are cached
on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

NO_TRIANGLE: Final = -1
Scalar = float | np.floating
"""What numba takes for a number; its kernels compute in float32."""


@dataclass(frozen=True)
class Surfels:
    """What the nearest surface is at each pixel (a "G-buffer"); background has nearness 0.

    nearness : (S, S) float32, 1 / metre; normal : (S, S, 3) float32, camera frame;
    albedo : (S, S, 3) float32 linear 0..1; gloss, ambient_occlusion : (S, S) float32 0..1, the
    latter the share of the sky that is not blocked; layer : (S, S) uint8, who put the pixel there.
    """

    nearness: np.ndarray
    normal: np.ndarray
    albedo: np.ndarray
    gloss: np.ndarray
    ambient_occlusion: np.ndarray
    layer: np.ndarray

    @staticmethod
    def blank(size: int) -> Surfels:
        """An empty picture of size x size pixels."""
        plane = (size, size)
        return Surfels(
            np.zeros(plane, np.float32),
            np.zeros((*plane, 3), np.float32),
            np.zeros((*plane, 3), np.float32),
            np.zeros(plane, np.float32),
            np.ones(plane, np.float32),
            np.zeros(plane, np.uint8),
        )

    def copy(self) -> Surfels:
        """An independent copy, to draw something more on."""
        return Surfels(
            self.nearness.copy(),
            self.normal.copy(),
            self.albedo.copy(),
            self.gloss.copy(),
            self.ambient_occlusion.copy(),
            self.layer.copy(),
        )


@njit(cache=True, nogil=True, fastmath=True)
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals. vertices (V, 3) f32; triangles (T, 3) i32 -> (V, 3) f32."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        scale = np.float32(1.0) / max(length, np.float32(1e-20))
        for k in range(3):
            normals[i, k] *= scale
    return normals


@njit(cache=True, nogil=True, fastmath=True)
def draw_triangles(
    points: np.ndarray, triangles: np.ndarray, nearness: np.ndarray, seen: np.ndarray
) -> None:
    """Z-buffer pass, both sides of every triangle.

    points (V, 3) f32: x, y, nearness; triangles (T, 3) i32; nearness (H, W) f32 and seen (H, W) i32
    are updated in place: seen takes the index of the triangle wherever it is nearer than nearness.
    """
    height, width = nearness.shape
    one, half = np.float32(1.0), np.float32(0.5)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t]
        x0, y0 = points[a, 0], points[a, 1]
        x1, y1 = points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
        if abs(area) < np.float32(1e-9):
            continue
        left = max(int(np.ceil(min(x0, x1, x2) - half)), 0)
        right = min(int(np.floor(max(x0, x1, x2) - half)), width - 1)
        top = max(int(np.ceil(min(y0, y1, y2) - half)), 0)
        bottom = min(int(np.floor(max(y0, y1, y2) - half)), height - 1)
        inverse = one / area
        step0, step1 = (y1 - y2) * inverse, (y2 - y0) * inverse
        n0, n1, n2 = points[a, 2], points[b, 2], points[c, 2]
        for y in range(top, bottom + 1):
            px, py = np.float32(left) + half, np.float32(y) + half
            w0 = ((x1 - px) * (y2 - py) - (y1 - py) * (x2 - px)) * inverse
            w1 = ((x2 - px) * (y0 - py) - (y2 - py) * (x0 - px)) * inverse
            for x in range(left, right + 1):
                w2 = one - w0 - w1
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    near = w0 * n0 + w1 * n1 + w2 * n2
                    if near > nearness[y, x]:
                        nearness[y, x] = near
                        seen[y, x] = t
                w0 += step0
                w1 += step1


@njit(cache=True, nogil=True, fastmath=True)
def interpolate(
    points: np.ndarray,
    triangles: np.ndarray,
    attributes: np.ndarray,
    seen: np.ndarray,
    out: np.ndarray,
) -> None:
    """Perspective-correct vertex attributes at every pixel that `seen` names.

    points (V, 3) f32: x, y, 1 / depth; attributes (V, A) f32; out (H, W, A) f32, written in place
    where seen >= 0.
    """
    height, width = seen.shape
    half = np.float32(0.5)
    for y in range(height):
        for x in range(width):
            t = seen[y, x]
            if t < 0:
                continue
            a, b, c = triangles[t]
            px, py = np.float32(x) + half, np.float32(y) + half
            ax, ay = points[a, 0] - px, points[a, 1] - py
            bx, by = points[b, 0] - px, points[b, 1] - py
            cx, cy = points[c, 0] - px, points[c, 1] - py
            w0 = (bx * cy - by * cx) * points[a, 2]
            w1 = (cx * ay - cy * ax) * points[b, 2]
            w2 = (ax * by - ay * bx) * points[c, 2]
            scale = np.float32(1.0) / (w0 + w1 + w2)
            w0 *= scale
            w1 *= scale
            w2 *= scale
            for k in range(attributes.shape[1]):
                out[y, x, k] = w0 * attributes[a, k] + w1 * attributes[b, k] + w2 * attributes[c, k]


@njit(cache=True, nogil=True, fastmath=True)
def draw_capsules(
    ends: np.ndarray,
    colours: np.ndarray,
    gloss: Scalar,
    layer_id: int,
    focal: Scalar,
    nearness: np.ndarray,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss_plane: np.ndarray,
    ambient_occlusion: np.ndarray,
    layer: np.ndarray,
) -> None:
    """Draw round, tapered rods (fingers, strands of hair, spectacle frames) into surfels.

    ends (N, 2, 4) f32: x, y, 1 / depth and radius in pixels of both ends; colours (N, 2, 3) f32;
    gloss f32; layer_id u8; focal f32 px. The six planes are those of Surfels, updated in place.
    A rod is the screen-space sweep of a disc, bulging towards the viewer like a sphere.
    """
    height, width = nearness.shape
    one, half = np.float32(1.0), np.float32(0.5)
    for i in range(ends.shape[0]):
        x0, y0, n0, r0 = ends[i, 0]
        x1, y1, n1, r1 = ends[i, 1]
        left = max(int(np.floor(min(x0 - r0, x1 - r1))), 0)
        right = min(int(np.ceil(max(x0 + r0, x1 + r1))), width - 1)
        top = max(int(np.floor(min(y0 - r0, y1 - r1))), 0)
        bottom = min(int(np.ceil(max(y0 + r0, y1 + r1))), height - 1)
        dx, dy = x1 - x0, y1 - y0
        inverse = one / max(dx * dx + dy * dy, np.float32(1e-6))
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = np.float32(x) + half - x0, np.float32(y) + half - y0
                t = min(max((px * dx + py * dy) * inverse, np.float32(0.0)), one)
                radius = r0 + t * (r1 - r0)
                ox, oy = px - t * dx, py - t * dy
                bulge = radius * radius - ox * ox - oy * oy
                if bulge <= 0:
                    continue
                bulge = np.sqrt(bulge)
                near = (n0 + t * (n1 - n0)) / (one - min(bulge / focal, np.float32(0.5)))
                if near <= nearness[y, x]:
                    continue
                nearness[y, x] = near
                scale = one / radius
                normal[y, x, 0] = ox * scale
                normal[y, x, 1] = -oy * scale
                normal[y, x, 2] = bulge * scale
                for k in range(3):
                    albedo[y, x, k] = colours[i, 0, k] + t * (colours[i, 1, k] - colours[i, 0, k])
                gloss_plane[y, x] = gloss
                ambient_occlusion[y, x] = one
                layer[y, x] = layer_id
