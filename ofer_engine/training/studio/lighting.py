"""Light on surfels: sky and ground, up to three lamps, and a shadow map for the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from .framing import Framing
from .openness import light_basis
from .rasterise import NO_TRIANGLE, Scalar, Surfels, draw_triangles

_SHADOW_SIDE: Final = 144
_SHADOW_REACH: Final = 0.17
_SHADOW_BIAS: Final = 0.005


@dataclass(frozen=True)
class Lighting:
    """sky, ground : (3,) linear colours of the ambient light from above and below; lamps : (L, 6)
    unit direction towards the lamp in the camera frame, then colour; wrap : (3,) how far light
    bleeds around skin, per channel. float32."""

    sky: np.ndarray
    ground: np.ndarray
    lamps: np.ndarray
    wrap: np.ndarray


@dataclass(frozen=True)
class ShadowMap:
    """Heights (S, S) along the first lamp about `centre` (3,), camera frame; basis (3, 3)."""

    heights: np.ndarray
    centre: np.ndarray
    basis: np.ndarray


def random_lighting(rng: np.random.Generator) -> Lighting:
    """One to three lamps, mostly from the front and above, over a tinted sky."""
    count = int(rng.integers(1, 4))
    direction = rng.normal(size=(count, 3)) * [0.9, 0.55, 0.45] + [0.0, 0.35, 0.8]
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    strength = rng.uniform(0.25, 1.0, (count, 1)) / np.sqrt(count)
    tint = 1 + rng.normal(size=(count, 3)) * 0.09
    ambient = rng.uniform(0.12, 0.6)
    return Lighting(
        sky=(ambient * (1 + rng.normal(size=3) * 0.07)).astype(np.float32),
        ground=(ambient * rng.uniform(0.3, 0.9) * (1 + rng.normal(size=3) * 0.1)).astype(
            np.float32
        ),
        lamps=np.c_[direction, strength * tint].astype(np.float32),
        wrap=np.array([0.28, 0.12, 0.08], np.float32),
    )


def cast_shadows(
    lighting: Lighting, centre: np.ndarray, meshes: list[tuple[np.ndarray, np.ndarray]]
) -> ShadowMap:
    """Shadow map of the first lamp.

    centre : (3,) camera frame; meshes : pairs of vertices (V, 3) float32, camera frame, metres,
    and triangles (T, 3) int32.
    """
    basis = light_basis(lighting.lamps[0, :3].astype(float))
    heights = np.zeros((_SHADOW_SIDE, _SHADOW_SIDE), np.float32)
    seen = np.full(heights.shape, NO_TRIANGLE, np.int32)
    scale = _SHADOW_SIDE / (2 * _SHADOW_REACH)
    for vertices, triangles in meshes:
        local = (vertices - centre) @ basis.T
        local[:, :2] = local[:, :2] * np.float32(scale) + np.float32(_SHADOW_SIDE / 2)
        local[:, 2] += np.float32(1.0)
        draw_triangles(np.ascontiguousarray(local, np.float32), triangles, heights, seen)
    return ShadowMap(heights, centre.astype(np.float32), basis)


def shade(
    surfels: Surfels, lighting: Lighting, shadow: ShadowMap, framing: Framing, picture: np.ndarray
) -> None:
    """Overwrite `picture` (S, S, 3) float32, linear, wherever there is a surface."""
    _shade(
        surfels.nearness,
        surfels.normal,
        surfels.albedo,
        surfels.gloss,
        surfels.openness,
        lighting.sky,
        lighting.ground,
        lighting.lamps,
        lighting.wrap,
        shadow.heights,
        shadow.centre,
        shadow.basis,
        np.float32(framing.focal),
        framing.centre,
        picture,
    )


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _lit_share(
    heights: np.ndarray, basis: np.ndarray, x: Scalar, y: Scalar, z: Scalar, bias: Scalar
) -> Scalar:
    """Share of a 3 x 3 neighbourhood of the shadow map that does not block (x, y, z)."""
    side = heights.shape[0]
    scale = np.float32(_SHADOW_SIDE / (2 * _SHADOW_REACH))
    u = (basis[0, 0] * x + basis[0, 1] * y + basis[0, 2] * z) * scale + side * np.float32(0.5)
    v = (basis[1, 0] * x + basis[1, 1] * y + basis[1, 2] * z) * scale + side * np.float32(0.5)
    height = basis[2, 0] * x + basis[2, 1] * y + basis[2, 2] * z + np.float32(1.0) + bias
    column, row = int(u), int(v)
    if column < 1 or row < 1 or column >= side - 1 or row >= side - 1:
        return np.float32(1.0)
    lit = 0
    for j in range(-1, 2):
        for i in range(-1, 2):
            if heights[row + j, column + i] <= height:
                lit += 1
    return np.float32(lit) / np.float32(9.0)


@njit(cache=True, nogil=True, fastmath=True)
def _shade(
    nearness: np.ndarray,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    openness: np.ndarray,
    sky: np.ndarray,
    ground: np.ndarray,
    lamps: np.ndarray,
    wrap: np.ndarray,
    heights: np.ndarray,
    shadow_centre: np.ndarray,
    basis: np.ndarray,
    focal: Scalar,
    centre: np.ndarray,
    picture: np.ndarray,
) -> None:
    height, width = nearness.shape
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    light = np.empty(3, np.float32)
    for row in range(height):
        for column in range(width):
            near = nearness[row, column]
            if near <= zero:
                continue
            depth = one / near
            x = (np.float32(column) + half - centre[0]) * depth / focal
            y = -(np.float32(row) + half - centre[1]) * depth / focal
            nx, ny, nz = normal[row, column]
            away = one / np.sqrt(x * x + y * y + depth * depth)
            vx, vy, vz = -x * away, -y * away, depth * away
            up = half + half * ny
            shine = zero
            for k in range(3):
                ambient = ground[k] + (sky[k] - ground[k]) * up
                light[k] = ambient * openness[row, column]
            for i in range(lamps.shape[0]):
                lx, ly, lz = lamps[i, 0], lamps[i, 1], lamps[i, 2]
                facing = nx * lx + ny * ly + nz * lz
                lit = one
                if i == 0 and facing > -wrap[0]:
                    lit = _lit_share(
                        heights,
                        basis,
                        x - shadow_centre[0] + nx * np.float32(0.003),
                        y - shadow_centre[1] + ny * np.float32(0.003),
                        -depth - shadow_centre[2] + nz * np.float32(0.003),
                        np.float32(_SHADOW_BIAS),
                    )
                else:
                    lit = np.sqrt(max(openness[row, column], zero))
                for k in range(3):
                    wrapped = (facing + wrap[k]) / (one + wrap[k])
                    if wrapped > zero:
                        light[k] += wrapped * lit * lamps[i, 3 + k]
                if facing > zero:
                    hx, hy, hz = lx + vx, ly + vy, lz + vz
                    length = one / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
                    cosine = max((nx * hx + ny * hy + nz * hz) * length, zero)
                    if cosine > np.float32(0.6):
                        power = np.float32(12.0) + np.float32(90.0) * gloss[row, column]
                        shine += lit * lamps[i, 4] * np.exp(power * np.log(cosine))
            shine *= gloss[row, column] * (half + gloss[row, column])
            for k in range(3):
                picture[row, column, k] = albedo[row, column, k] * light[k] + shine
