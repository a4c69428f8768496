"""Draw a mesh with its patterns: which triangle each pixel shows, and what it looks like there."""

from __future__ import annotations

import numpy as np
from numba import njit

from .patterns import ATTRIBUTES, CLOTH, HAIR, LATTICE, Pattern, cloth_at, eye_at, hair_at, skin_at
from .photo_head import EYE_LEFT, EYE_RIGHT, SKIN
from .rasterise import NO_TRIANGLE, Scalar, Surfels, draw_triangles


def draw_mesh(
    surfels: Surfels,
    screen: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    attributes: np.ndarray,
    pattern: Pattern,
    layer: int,
    focal: float,
) -> None:
    """Draw a textured mesh into `surfels`, in place.

    screen : (V, 3) float32 x px, y px, 1 / depth; triangles : (T, 3) int32;
    material : (V,) uint8; attributes : (V, ATTRIBUTES) float32; focal : px.
    """
    box = _extent(screen, surfels.nearness.shape)
    screen = screen - np.array([box[1].start, box[0].start, 0], np.float32)
    nearness = surfels.nearness[box]
    seen = np.full(nearness.shape, NO_TRIANGLE, np.int32)
    draw_triangles(screen, triangles, nearness, seen)
    _compose(
        LATTICE,
        seen,
        screen,
        attributes,
        triangles,
        material,
        pattern.amounts,
        pattern.colours,
        pattern.skin,
        pattern.iris_picture,
        screen[:, 2].max() * np.float32(focal) / np.float32(1000),
        pattern.seed,
        layer,
        surfels.normal[box],
        surfels.albedo[box],
        surfels.gloss[box],
        surfels.ambient_occlusion[box],
        surfels.layer[box],
    )


def _extent(screen: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a picture in which a mesh may be seen."""
    low = np.clip(np.floor(screen[:, :2].min(0)).astype(int) - 1, 0, shape[::-1])
    high = np.clip(np.ceil(screen[:, :2].max(0)).astype(int) + 1, 0, shape[::-1])
    return slice(low[1], high[1]), slice(low[0], high[0])


@njit(cache=True, nogil=True, fastmath=True)
def _interpolated(
    points: np.ndarray,
    corners: np.ndarray,
    attributes: np.ndarray,
    row: int,
    column: int,
    out: np.ndarray,
) -> None:
    """Perspective-correct attributes (A,) of a triangle at a pixel's centre, as `interpolate`."""
    a, b, c = corners
    px, py = np.float32(column) + np.float32(0.5), np.float32(row) + np.float32(0.5)
    ax, ay = points[a, 0] - px, points[a, 1] - py
    bx, by = points[b, 0] - px, points[b, 1] - py
    cx, cy = points[c, 0] - px, points[c, 1] - py
    w0 = (bx * cy - by * cx) * points[a, 2]
    w1 = (cx * ay - cy * ax) * points[b, 2]
    w2 = (ax * by - ay * bx) * points[c, 2]
    scale = np.float32(1.0) / (w0 + w1 + w2)
    w0, w1, w2 = w0 * scale, w1 * scale, w2 * scale
    for k in range(out.shape[0]):
        out[k] = w0 * attributes[a, k] + w1 * attributes[b, k] + w2 * attributes[c, k]


@njit(cache=True, nogil=True, fastmath=True)
def _lid_shadow(
    seen: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    row: int,
    column: int,
    pixels_per_mm: Scalar,
) -> Scalar:
    """How much light reaches an eye's pixel past its lids: little beside them, above all the upper.

    Lids stand out before the ball by their thickness, so the shade is as wide as about 4 mm."""
    reach = np.float32(4.0) * pixels_per_mm
    shade = np.float32(1.0)
    for way in range(4):
        di, dj = ((-1, 0), (1, 0), (0, -1), (0, 1))[way]
        depth = (np.float32(0.75), np.float32(0.3), np.float32(0.4), np.float32(0.4))[way]
        step = 1
        while step < reach:
            i, j = row + di * step, column + dj * step
            if i < 0 or j < 0 or i >= seen.shape[0] or j >= seen.shape[1]:
                break
            kind = material[triangles[seen[i, j], 0]] if seen[i, j] >= 0 else 0
            if kind != EYE_LEFT and kind != EYE_RIGHT:
                near = 1 - np.float32(step) / reach
                shade *= 1 - depth * near * near
                break
            step += 1
    return shade


@njit(cache=True, nogil=True, fastmath=True)
def _compose(
    lattice: np.ndarray,
    seen: np.ndarray,
    points: np.ndarray,
    attributes: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    amounts: np.ndarray,
    colours: np.ndarray,
    skin: np.ndarray,
    iris: np.ndarray,
    pixels_per_mm: Scalar,
    seed: int,
    layer_id: int,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    ambient_occlusion: np.ndarray,
    layer: np.ndarray,
) -> None:
    height, width = seen.shape
    own = np.empty(ATTRIBUTES, np.float32)
    for i in range(height):
        for j in range(width):
            if seen[i, j] < 0:
                continue
            _interpolated(points, triangles[seen[i, j]], attributes, i, j, own)
            kind = material[triangles[seen[i, j], 0]]
            if kind == SKIN:
                skin_at(lattice, own, amounts, colours, skin, seed)
            elif kind == EYE_LEFT or kind == EYE_RIGHT:
                eye_at(lattice, own, amounts, colours, iris, seed)
                own[7] *= _lid_shadow(seen, triangles, material, i, j, pixels_per_mm)
            elif kind == HAIR:
                hair_at(lattice, own, amounts, seed)
            elif kind == CLOTH:
                cloth_at(lattice, own, amounts, seed)
            scale = np.float32(1.0) / max(
                np.sqrt(own[0] * own[0] + own[1] * own[1] + own[2] * own[2]), np.float32(1e-6)
            )
            for k in range(3):
                normal[i, j, k] = own[k] * scale
                albedo[i, j, k] = max(own[3 + k], np.float32(0.002))
            gloss[i, j] = own[6]
            ambient_occlusion[i, j] = own[7]
            layer[i, j] = layer_id
