"""What a surface looks like between its vertices: skin, eyes, hair and cloth, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from .photo_head import EYE_LEFT, EYE_RIGHT, SKIN
from .rasterise import NO_TRIANGLE, Scalar, Surfels, draw_triangles, interpolate

HAIR: Final = 6
CLOTH: Final = 7

NORMAL: Final = slice(0, 3)
ALBEDO: Final = slice(3, 6)
GLOSS: Final = 6
OPENNESS: Final = 7
STUBBLE: Final = 8
FRECKLE: Final = 9
PLACE: Final = slice(10, 13)
ATTRIBUTES: Final = 13
"""Columns of a vertex attribute table; PLACE is where the pattern is anchored, in millimetres, for
an eye relative to its centre."""

_LATTICE: Final = np.random.default_rng(32).uniform(-1.0, 1.0, (32, 32, 32)).astype(np.float32)


@dataclass(frozen=True)
class Pattern:
    """How strong the per-pixel patterns are; colours (3,) float32 linear.

    blotch, mottle, pore, wrinkle : relative brightness; iris : colour; pupil, iris_edge : cosines
    of the angles from the eye's axis; stubble, freckle : colours; streak : relative brightness of
    hair; weave : of cloth; seed : which noise.
    """

    blotch: float
    mottle: float
    pore: float
    wrinkle: float
    iris: np.ndarray
    pupil: float
    iris_edge: float
    stubble: np.ndarray
    freckle: np.ndarray
    streak: float
    weave: float
    seed: int


def draw_mesh(
    surfels: Surfels,
    screen: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    attributes: np.ndarray,
    pattern: Pattern,
    layer: int,
) -> None:
    """Draw a textured mesh into `surfels`, in place.

    screen : (V, 3) float32 x px, y px, 1 / depth; triangles : (T, 3) int32;
    material : (V,) uint8; attributes : (V, ATTRIBUTES) float32.
    """
    seen = np.full(surfels.nearness.shape, NO_TRIANGLE, np.int32)
    draw_triangles(screen, triangles, surfels.nearness, seen)
    values = np.empty((*seen.shape, ATTRIBUTES), np.float32)
    interpolate(screen, triangles, attributes, seen, values)
    amounts = np.array(
        [
            pattern.blotch,
            pattern.mottle,
            pattern.pore,
            pattern.wrinkle,
            pattern.pupil,
            pattern.iris_edge,
            pattern.streak,
            pattern.weave,
        ],
        np.float32,
    )
    colours = np.stack([pattern.iris, pattern.stubble, pattern.freckle]).astype(np.float32)
    _compose(
        _LATTICE,
        seen,
        values,
        triangles,
        material,
        amounts,
        colours,
        pattern.seed,
        layer,
        surfels.normal,
        surfels.albedo,
        surfels.gloss,
        surfels.openness,
        surfels.layer,
    )


@njit(cache=True, nogil=True, fastmath=True)
def value_noise(lattice: np.ndarray, x: Scalar, y: Scalar, z: Scalar, seed: int) -> Scalar:
    """Trilinear value noise, -1..1, one lattice cell per unit, repeating after 32 units.

    lattice : (32, 32, 32) float32; seed shifts it.
    """
    x, y, z = np.float32(x), np.float32(y), np.float32(z)
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    i, j, k = int(fx) + seed, int(fy) + (seed >> 5), int(fz) + (seed >> 10)
    i0, j0, k0 = i & 31, j & 31, k & 31
    i1, j1, k1 = (i + 1) & 31, (j + 1) & 31, (k + 1) & 31
    two, three = np.float32(2.0), np.float32(3.0)
    u, v, w = u * u * (three - two * u), v * v * (three - two * v), w * w * (three - two * w)
    c00 = lattice[k0, j0, i0] + u * (lattice[k0, j0, i1] - lattice[k0, j0, i0])
    c10 = lattice[k0, j1, i0] + u * (lattice[k0, j1, i1] - lattice[k0, j1, i0])
    c01 = lattice[k1, j0, i0] + u * (lattice[k1, j0, i1] - lattice[k1, j0, i0])
    c11 = lattice[k1, j1, i0] + u * (lattice[k1, j1, i1] - lattice[k1, j1, i0])
    c0, c1 = c00 + v * (c10 - c00), c01 + v * (c11 - c01)
    return c0 + w * (c1 - c0)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _ramp(low: Scalar, high: Scalar, value: Scalar) -> Scalar:
    t = min(max((value - low) / (high - low), np.float32(0.0)), np.float32(1.0))
    return t * t * (3 - 2 * t)


@njit(cache=True, nogil=True, fastmath=True)
def _skin(
    lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, colours: np.ndarray, seed: int
) -> None:
    x, y, z = values[10], values[11], values[12]
    blotch = value_noise(lattice, x / 24, y / 24, z / 24, seed)
    mottle = value_noise(lattice, x / 6, y / 6, z / 6, seed + 1)
    pore = value_noise(lattice, x / 1.4, y / 1.4, z / 1.4, seed + 2)
    shade = 1 + amounts[0] * blotch + amounts[1] * mottle + amounts[2] * pore
    if amounts[3] > 0:
        line = np.sin(y * 0.9 + 2.5 * blotch + 0.8 * mottle)
        shade *= 1 - amounts[3] * values[9] * _ramp(0.72, 1.0, line)
    freckle = np.float32(0.0)
    if amounts[3] == 0 and values[9] > np.float32(0.05):
        spot = value_noise(lattice, x / 2.2, y / 2.2, z / 2.2, seed + 3)
        freckle = values[9] * _ramp(0.35, 0.7, spot)
    hairs = values[8] * (np.float32(0.62) + np.float32(0.38) * pore)
    hairs = min(max(hairs, np.float32(0.0)), np.float32(1.0))
    for k in range(3):
        skin = values[3 + k] * shade * (1 - freckle * (1 - colours[2, k]))
        if k > 0:
            skin *= 1 - np.float32(0.5) * amounts[0] * mottle
        values[3 + k] = skin + hairs * (colours[1, k] - skin)
    values[6] *= 1 + np.float32(0.4) * mottle


@njit(cache=True, nogil=True, fastmath=True)
def _eye(
    lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, colours: np.ndarray, seed: int
) -> None:
    x, y, z = values[10], values[11], values[12]
    cosine = z / np.sqrt(x * x + y * y + z * z + np.float32(1e-9))
    edge = amounts[5]
    iris = _ramp(edge - np.float32(0.012), edge + np.float32(0.012), cosine)
    limbus = _ramp(edge + np.float32(0.05), edge, cosine)
    pupil = _ramp(amounts[4] - np.float32(0.004), amounts[4] + np.float32(0.004), cosine)
    angle = np.arctan2(y, x)
    fibre = 1 + np.float32(0.35) * value_noise(lattice, angle * 9, cosine * 30, 0.0, seed)
    vein = 1 - np.float32(0.06) * value_noise(lattice, x / 1.5, y / 1.5, z / 1.5, seed)
    for k in range(3):
        colour = colours[0, k] * fibre * (1 - np.float32(0.7) * limbus) * (1 - pupil)
        white = values[3 + k] * (vein if k > 0 else np.float32(1.0))
        values[3 + k] = white + iris * (colour - white)


@njit(cache=True, nogil=True, fastmath=True)
def _hair(lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, seed: int) -> None:
    x, y = values[10], values[11]
    drift = 6 * value_noise(lattice, x / 30, y / 40, 0.0, seed)
    lock = value_noise(lattice, (x + drift) / 7, y / 60, 0.0, seed + 1)
    strand = value_noise(lattice, (x + drift) / 1.6, y / 35, 0.0, seed + 2)
    shade = 1 + amounts[6] * (np.float32(0.9) * lock + np.float32(0.6) * strand)
    shade = max(shade, np.float32(0.15))
    for k in range(3):
        values[3 + k] *= shade
    values[0] += np.float32(0.35) * lock + np.float32(0.2) * strand
    values[6] *= max(np.float32(0.0), 1 + strand)


@njit(cache=True, nogil=True, fastmath=True)
def _cloth(lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, seed: int) -> None:
    x, y = values[10], values[11]
    fold = value_noise(lattice, x / 28, y / 9, 0.0, seed)
    thread = value_noise(lattice, x / 1.5, y / 1.5, 0.0, seed + 1)
    stripe = np.sin((y if seed % 2 else x) * (0.15 + 0.1 * (seed % 5)))
    shade = 1 + amounts[7] * (np.float32(0.5) * fold + np.float32(0.3) * thread)
    if seed % 3 == 0:
        shade *= 1 + amounts[7] * stripe
    for k in range(3):
        values[3 + k] *= max(shade, np.float32(0.1))
    values[1] += np.float32(0.5) * amounts[7] * fold


@njit(cache=True, nogil=True, fastmath=True)
def _compose(
    lattice: np.ndarray,
    seen: np.ndarray,
    values: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    amounts: np.ndarray,
    colours: np.ndarray,
    seed: int,
    layer_id: int,
    normal: np.ndarray,
    albedo: np.ndarray,
    gloss: np.ndarray,
    openness: np.ndarray,
    layer: np.ndarray,
) -> None:
    height, width = seen.shape
    for i in range(height):
        for j in range(width):
            if seen[i, j] < 0:
                continue
            own = values[i, j]
            kind = material[triangles[seen[i, j], 0]]
            if kind == SKIN:
                _skin(lattice, own, amounts, colours, seed)
            elif kind == EYE_LEFT or kind == EYE_RIGHT:
                _eye(lattice, own, amounts, colours, seed)
            elif kind == HAIR:
                _hair(lattice, own, amounts, seed)
            elif kind == CLOTH:
                _cloth(lattice, own, amounts, seed)
            scale = np.float32(1.0) / max(
                np.sqrt(own[0] * own[0] + own[1] * own[1] + own[2] * own[2]), np.float32(1e-6)
            )
            for k in range(3):
                normal[i, j, k] = own[k] * scale
                albedo[i, j, k] = max(own[3 + k], np.float32(0.002))
            gloss[i, j] = own[6]
            openness[i, j] = own[7]
            layer[i, j] = layer_id
