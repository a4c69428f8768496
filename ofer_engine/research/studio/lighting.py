"""Light on surfels: a smooth surrounding, up to three lamps, and shadow maps for the first two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from .ambient_occlusion import light_basis
from .framing import Framing
from .rasterise import NO_TRIANGLE, Scalar, Surfels, draw_triangles
from .wardrobe import Wardrobe

_SHADOW_SIDE: Final = 192
_SHADOWED: Final = 2
_SHADOW_REACH: Final = 0.17
_SHADOW_BIAS: Final = 0.005


@dataclass(frozen=True)
class Lighting:
    """ambient : (9, 3) light of the surroundings on a surface by its normal, in
    `research.harmonics`; lamps : (L, 6) unit direction towards the lamp in the camera frame, then
    colour; wrap : (3,) how far light bleeds around skin, per channel; softness : (L,) width of a
    shadow's edge, in texels of its map. float32."""

    ambient: np.ndarray
    lamps: np.ndarray
    wrap: np.ndarray
    softness: np.ndarray


@dataclass(frozen=True)
class ShadowMap:
    """Heights (L, S, S) along the first lamps about `centre` (3,), camera frame; basis
    (L, 3, 3)."""

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
    level = rng.uniform(0.12, 0.6)
    sky = level * (1 + rng.normal(size=3) * 0.07)
    ground = level * rng.uniform(0.3, 0.9) * (1 + rng.normal(size=3) * 0.1)
    ambient = np.zeros((9, 3))
    ambient[0], ambient[2] = (sky + ground) / 2, (sky - ground) / 2
    return _lighting(rng, ambient, np.c_[direction, strength * tint])


def light_of_a_place(rng: np.random.Generator, wardrobe: Wardrobe) -> Lighting:
    """Light of a real place from some side, its lamps dimmed or strengthened a little."""
    place, turn = rng.integers(len(wardrobe.ambient)), rng.integers(wardrobe.ambient.shape[1])
    ambient, lamps = wardrobe.ambient[place, turn], wardrobe.lamps[place, turn]
    # A camera's white balance takes most of a place's colour away.
    colour = ambient[0] + lamps[:, 3:].sum(0) * 0.3
    balance = (colour.mean() / np.maximum(colour, 1e-3)) ** rng.uniform(0.5, 1.0)
    lamps = lamps[lamps[:, 3:].sum(1) > 0].copy()
    lamps[:, 3:] *= balance * np.exp(rng.normal(size=(len(lamps), 1)) * 0.35)
    if not len(lamps):
        towards = rng.normal(size=3) * [0.8, 0.4, 0.3] + [0.0, 0.4, 0.8]
        lamps = np.r_[towards / np.linalg.norm(towards), np.full(3, 0.05)][None]
    return _lighting(rng, ambient * balance, lamps)


def _lighting(rng: np.random.Generator, ambient: np.ndarray, lamps: np.ndarray) -> Lighting:
    soft = np.where(rng.random(len(lamps)) < 0.35, 1.0, rng.uniform(1.5, 6.0, len(lamps)))
    return Lighting(
        ambient=ambient.astype(np.float32),
        lamps=lamps.astype(np.float32),
        wrap=np.array([0.28, 0.12, 0.08], np.float32) * np.float32(rng.uniform(0.6, 1.2)),
        softness=soft.astype(np.float32),
    )


def cast_shadows(
    lighting: Lighting, centre: np.ndarray, meshes: list[tuple[np.ndarray, np.ndarray]]
) -> ShadowMap:
    """Shadow maps of the first lamps.

    centre : (3,) camera frame; meshes : pairs of vertices (V, 3) float32, camera frame, metres,
    and triangles (T, 3) int32.
    """
    count = min(_SHADOWED, len(lighting.lamps))
    basis = np.stack([light_basis(lamp[:3].astype(float)) for lamp in lighting.lamps[:count]])
    heights = np.zeros((count, _SHADOW_SIDE, _SHADOW_SIDE), np.float32)
    seen = np.full((_SHADOW_SIDE, _SHADOW_SIDE), NO_TRIANGLE, np.int32)
    scale = _SHADOW_SIDE / (2 * _SHADOW_REACH)
    for lamp in range(count):
        for vertices, triangles in meshes:
            local = (vertices - centre) @ basis[lamp].T
            local[:, :2] = local[:, :2] * np.float32(scale) + np.float32(_SHADOW_SIDE / 2)
            local[:, 2] += np.float32(1.0)
            points = np.ascontiguousarray(local, np.float32)
            draw_triangles(points, triangles, heights[lamp], seen)
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
        surfels.ambient_occlusion,
        lighting.ambient,
        lighting.lamps,
        lighting.wrap,
        lighting.softness,
        shadow.heights,
        shadow.centre,
        shadow.basis,
        np.float32(framing.focal),
        framing.centre,
        picture,
    )


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _lit_share(
    heights: np.ndarray,
    basis: np.ndarray,
    x: Scalar,
    y: Scalar,
    z: Scalar,
    bias: Scalar,
    softness: Scalar,
) -> Scalar:
    """Share of a neighbourhood of the shadow map, 3 x 3 taps `softness` apart, that does not block
    (x, y, z)."""
    side = heights.shape[0]
    scale = np.float32(_SHADOW_SIDE / (2 * _SHADOW_REACH))
    u = (basis[0, 0] * x + basis[0, 1] * y + basis[0, 2] * z) * scale + side * np.float32(0.5)
    v = (basis[1, 0] * x + basis[1, 1] * y + basis[1, 2] * z) * scale + side * np.float32(0.5)
    height = basis[2, 0] * x + basis[2, 1] * y + basis[2, 2] * z + np.float32(1.0) + bias
    step = softness
    if u < step or v < step or u >= side - step - 1 or v >= side - step - 1:
        return np.float32(1.0)
    lit = 0
    for j in range(-1, 2):
        for i in range(-1, 2):
            if heights[int(v + j * step), int(u + i * step)] <= height:
                lit += 1
    return np.float32(lit) / np.float32(9.0)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _surroundings(ambient: np.ndarray, k: int, x: Scalar, y: Scalar, z: Scalar) -> Scalar:
    """Light of channel k on the normal (x, y, z)."""
    value = (
        ambient[0, k]
        + ambient[1, k] * x
        + ambient[2, k] * y
        + ambient[3, k] * z
        + ambient[4, k] * x * y
        + ambient[5, k] * x * z
        + ambient[6, k] * y * z
        + ambient[7, k] * (x * x - y * y)
        + ambient[8, k] * (3 * z * z - 1)
    )
    return max(value, np.float32(0.0))


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _add_diffuse(
    light: np.ndarray, lamp: np.ndarray, facing: Scalar, lit: Scalar, wrap: np.ndarray
) -> None:
    """Add a lamp (6,) to light (3,). facing : cosine between it and the normal; lit : 0..1."""
    half, one = np.float32(0.5), np.float32(1.0)
    for k in range(3):
        wrapped = (facing + wrap[k]) / (one + wrap[k])
        if wrapped > np.float32(0.0):
            # Red light travels farther in flesh: it softens the edge of a shadow.
            edge = lit if k > 0 else np.sqrt(lit) * half + lit * half
            light[k] += wrapped * edge * lamp[3 + k]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _highlight(cosine: Scalar, gloss: Scalar, strength: Scalar) -> Scalar:
    """What a lamp adds as shine (Blinn 1977). cosine : between the normal and the half vector."""
    if cosine <= np.float32(0.6):
        return np.float32(0.0)
    power = np.float32(10.0) * np.exp(np.float32(6.0) * gloss)
    peak = np.sqrt(power) * np.float32(0.12)
    return peak * strength * np.exp(power * np.log(cosine))


@njit(cache=True, nogil=True, fastmath=True)
def _shade(
    nearness: np.ndarray,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    ambient_occlusion: np.ndarray,
    ambient: np.ndarray,
    lamps: np.ndarray,
    wrap: np.ndarray,
    softness: np.ndarray,
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
            view = min(max(nx * vx + ny * vy + nz * vz, zero), one)
            grazing = (one - view) * (one - view)
            grazing = grazing * grazing * (one - view)
            free = ambient_occlusion[row, column]
            for k in range(3):
                # What a hollow does not see of the sky, its own walls reflect (Jimenez 2016).
                open_k = free / (one - albedo[row, column, k] * (one - free) * np.float32(0.9))
                light[k] = _surroundings(ambient, k, nx, ny, nz) * open_k
            shine = zero
            for i in range(lamps.shape[0]):
                lx, ly, lz = lamps[i, 0], lamps[i, 1], lamps[i, 2]
                facing = nx * lx + ny * ly + nz * lz
                lit = np.sqrt(max(free, zero))
                if i < heights.shape[0] and facing > -wrap[0]:
                    lit = _lit_share(
                        heights[i],
                        basis[i],
                        x - shadow_centre[0] + nx * np.float32(0.003),
                        y - shadow_centre[1] + ny * np.float32(0.003),
                        -depth - shadow_centre[2] + nz * np.float32(0.003),
                        np.float32(_SHADOW_BIAS),
                        softness[i],
                    )
                _add_diffuse(light, lamps[i], facing, lit, wrap)
                if facing > zero:
                    hx, hy, hz = lx + vx, ly + vy, lz + vz
                    length = one / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-12))
                    cosine = max((nx * hx + ny * hy + nz * hz) * length, zero)
                    shine += _highlight(cosine, gloss[row, column], lit * lamps[i, 4])
            shine *= gloss[row, column] * (half + gloss[row, column])
            rx, ry, rz = 2 * view * nx - vx, 2 * view * ny - vy, 2 * view * nz - vz
            mirror = (np.float32(0.04) + grazing) * gloss[row, column] * free
            for k in range(3):
                around = _surroundings(ambient, k, rx, ry, rz) * mirror
                picture[row, column, k] = albedo[row, column, k] * light[k] + shine + around
