"""Meshes with holes, hair and lashes: drawn after what is solid, pixel by pixel there or not.

Whether a pixel of a card is there is decided by comparing its cover with a fixed noise of the
picture. Pictures are drawn larger than they are kept, so the average over the pixels of one is the
cover, and the order in which cards are drawn does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit

from .framing import Framing
from .rasterise import NO_TRIANGLE, Scalar, Surfels, vertex_normals


class Cuttable(Protocol):
    """triangles : (T, 3) int32; uv : (N, 2) float32, v down, repeated outside 0..1; texture :
    (S, S, 2) uint8, brightness (128 is the colour's own) and cover."""

    @property
    def triangles(self) -> np.ndarray: ...
    @property
    def uv(self) -> np.ndarray: ...
    @property
    def texture(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Cut:
    """A mesh with holes that was made up on the spot: see Cuttable."""

    triangles: np.ndarray
    uv: np.ndarray
    texture: np.ndarray


def draw_card(
    surfels: Surfels,
    framing: Framing,
    card: Cuttable,
    vertices: np.ndarray,
    ambient_occlusion: np.ndarray,
    colour: np.ndarray,
    gloss: float,
    layer: int,
    thickness: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a card whose vertices (N, 3) lie in the head frame; gives back what casts its shadow.

    ambient_occlusion : (N,) float32; colour : (3,) linear; thickness : share of the cover that is
    drawn.
    """
    camera = framing.to_camera(vertices)
    screen = framing.to_screen(camera)
    seen = np.full(surfels.nearness.shape, NO_TRIANGLE, np.int32)
    _draw_with_holes(
        screen, card.triangles, card.uv, card.texture, np.float32(thickness), surfels.nearness, seen
    )
    normals = vertex_normals(camera, card.triangles)
    _compose(
        screen, card.triangles, normals, ambient_occlusion, card.uv, card.texture, seen,
        colour.astype(np.float32), np.float32(gloss), layer, surfels.normal, surfels.albedo,
        surfels.gloss, surfels.ambient_occlusion, surfels.layer,
    )  # fmt: skip
    return camera, card.triangles


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _weights(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, x: Scalar, y: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Perspective-correct corner weights of pixel centre x, y, not normalised."""
    ax, ay, bx, by = a[0] - x, a[1] - y, b[0] - x, b[1] - y
    cx, cy = c[0] - x, c[1] - y
    return bx * cy - by * cx, cx * ay - cy * ax, ax * by - ay * bx


@njit(cache=True, nogil=True, fastmath=True)
def _draw_with_holes(
    points: np.ndarray,
    triangles: np.ndarray,
    uv: np.ndarray,
    texture: np.ndarray,
    thickness: Scalar,
    nearness: np.ndarray,
    seen: np.ndarray,
) -> None:
    height, width = nearness.shape
    side = texture.shape[0]
    half, one = np.float32(0.5), np.float32(1.0)
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t]
        a, b, c = points[i], points[j], points[k]
        left = max(int(np.ceil(min(a[0], b[0], c[0]) - half)), 0)
        right = min(int(np.floor(max(a[0], b[0], c[0]) - half)), width - 1)
        top = max(int(np.ceil(min(a[1], b[1], c[1]) - half)), 0)
        bottom = min(int(np.floor(max(a[1], b[1], c[1]) - half)), height - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0, w1, w2 = _weights(a, b, c, np.float32(x) + half, np.float32(y) + half)
                if not ((w0 >= 0 and w1 >= 0 and w2 >= 0) or (w0 <= 0 and w1 <= 0 and w2 <= 0)):
                    continue
                total = w0 + w1 + w2
                if abs(total) < np.float32(1e-9):
                    continue
                near = (w0 * a[2] + w1 * b[2] + w2 * c[2]) / total
                if near <= nearness[y, x]:
                    continue
                p0, p1, p2 = w0 * a[2], w1 * b[2], w2 * c[2]
                scale = one / (p0 + p1 + p2)
                u = (p0 * uv[i, 0] + p1 * uv[j, 0] + p2 * uv[k, 0]) * scale
                v = (p0 * uv[i, 1] + p1 * uv[j, 1] + p2 * uv[k, 1]) * scale
                cover = texture[int(v * side) % side, int(u * side) % side, 1] * thickness
                noise = (x * 1103515245 + y * 12345 + (x * y) * 7919 + t * 2654435) >> 7
                if cover > 12 + (noise & 127) + (noise >> 9 & 95):
                    nearness[y, x] = near
                    seen[y, x] = t


@njit(cache=True, nogil=True, fastmath=True)
def _compose(
    points: np.ndarray,
    triangles: np.ndarray,
    normals: np.ndarray,
    open_to_sky: np.ndarray,
    uv: np.ndarray,
    texture: np.ndarray,
    seen: np.ndarray,
    colour: np.ndarray,
    shine: Scalar,
    layer_id: int,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    ambient_occlusion: np.ndarray,
    layer: np.ndarray,
) -> None:
    height, width = seen.shape
    side = texture.shape[0]
    half, one = np.float32(0.5), np.float32(1.0)
    for y in range(height):
        for x in range(width):
            t = seen[y, x]
            if t < 0:
                continue
            i, j, k = triangles[t]
            a, b, c = points[i], points[j], points[k]
            w0, w1, w2 = _weights(a, b, c, np.float32(x) + half, np.float32(y) + half)
            w0, w1, w2 = w0 * a[2], w1 * b[2], w2 * c[2]
            scale = one / (w0 + w1 + w2)
            w0, w1, w2 = w0 * scale, w1 * scale, w2 * scale
            u = w0 * uv[i, 0] + w1 * uv[j, 0] + w2 * uv[k, 0]
            v = w0 * uv[i, 1] + w1 * uv[j, 1] + w2 * uv[k, 1]
            bright = np.float32(texture[int(v * side) % side, int(u * side) % side, 0]) / 128
            bright = min(bright * bright, np.float32(2.0))
            nx = w0 * normals[i, 0] + w1 * normals[j, 0] + w2 * normals[k, 0]
            ny = w0 * normals[i, 1] + w1 * normals[j, 1] + w2 * normals[k, 1]
            nz = w0 * normals[i, 2] + w1 * normals[j, 2] + w2 * normals[k, 2]
            away = -one if nz < 0 else one
            length = away / max(np.sqrt(nx * nx + ny * ny + nz * nz), np.float32(1e-6))
            normal[y, x, 0], normal[y, x, 1], normal[y, x, 2] = (
                nx * length,
                ny * length,
                nz * length,
            )
            for channel in range(3):
                albedo[y, x, channel] = max(colour[channel] * bright, np.float32(0.002))
            gloss[y, x] = shine * min(bright, one)
            ambient_occlusion[y, x] = (
                w0 * open_to_sky[i] + w1 * open_to_sky[j] + w2 * open_to_sky[k]
            )
            layer[y, x] = layer_id
