"""What skin, eyes, hair and cloth look like between the vertices of a mesh, point by point.

The kernels change `values`, a row of the attribute table, in place. amounts and colours
are those of `Pattern`, lattice is `LATTICE`, picture one of the pattern's, seed its seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numba import njit

from .rasterise import Scalar

HAIR: Final = 6
CLOTH: Final = 7

NORMAL: Final = slice(0, 3)
ALBEDO: Final = slice(3, 6)
GLOSS: Final = 6
AMBIENT_OCCLUSION: Final = 7
STUBBLE: Final = 8
FRECKLE: Final = 9
PLACE: Final = slice(10, 13)
CHART: Final = slice(13, 15)
ATTRIBUTES: Final = 15
"""Columns of a vertex attribute table; PLACE is where the pattern is anchored, in millimetres, for
an eye relative to its centre; CHART is where a skin's picture is read, 0..1."""
_NO_PICTURE: Final = np.zeros((1, 1, 3), np.float32)
_IRIS_REACH: Final = np.float32(1.25)
"""A picture of an iris shows so many times its radius."""

LATTICE: Final = np.random.default_rng(32).uniform(-1.0, 1.0, (32, 32, 32)).astype(np.float32)
"""Values of the noise, for `value_noise`."""


@dataclass(frozen=True)
class Pattern:
    """How strong the per-pixel patterns are; colours (3,) float32 linear.

    blotch, mottle, pore, wrinkle : relative brightness; iris : colour; pupil, iris_edge : cosines
    of the angles from the eye's axis; stubble, freckle : colours; streak : relative brightness of
    hair; weave : of cloth; seed : which noise; skin : (H, W, 3) picture on the chart, which then
    tells the skin's colour; iris_picture : (S, S, 3). Both linear, or one black texel for none.
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
    skin: np.ndarray = field(default_factory=lambda: _NO_PICTURE)
    iris_picture: np.ndarray = field(default_factory=lambda: _NO_PICTURE)

    @property
    def amounts(self) -> np.ndarray:
        """(8,) float32: blotch, mottle, pore, wrinkle, pupil, iris_edge, streak, weave."""
        return np.array(
            [
                self.blotch,
                self.mottle,
                self.pore,
                self.wrinkle,
                self.pupil,
                self.iris_edge,
                self.streak,
                self.weave,
            ],
            np.float32,
        )

    @property
    def colours(self) -> np.ndarray:
        """(3, 3) float32: iris, stubble, freckle."""
        return np.stack([self.iris, self.stubble, self.freckle]).astype(np.float32)


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
def _sample(picture: np.ndarray, x: Scalar, y: Scalar, out: np.ndarray) -> None:
    """Bilinear colour of (H, W, 3) at x, y in 0..1, edges continued, into out (3,)."""
    height, width = picture.shape[:2]
    u = min(max(np.float32(x) * width - np.float32(0.5), np.float32(0.0)), np.float32(width - 1.01))
    v = min(
        max(np.float32(y) * height - np.float32(0.5), np.float32(0.0)), np.float32(height - 1.01)
    )
    j, i = int(u), int(v)
    u, v = u - j, v - i
    for k in range(3):
        top = picture[i, j, k] + u * (picture[i, j + 1, k] - picture[i, j, k])
        low = picture[i + 1, j, k] + u * (picture[i + 1, j + 1, k] - picture[i + 1, j, k])
        out[k] = top + v * (low - top)


@njit(cache=True, nogil=True, fastmath=True)
def _photographed_skin(
    lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, picture: np.ndarray, seed: int
) -> None:
    """Colour from the picture; finer unevenness and relief than it holds from noise."""
    x, y, z = values[10], values[11], values[12]
    mottle = value_noise(lattice, x / 6, y / 6, z / 6, seed + 1)
    pore = value_noise(lattice, x / 1.3, y / 1.3, z / 1.3, seed + 2)
    fine = value_noise(lattice, x / 0.6, y / 0.6, z / 0.6, seed + 3)
    _sample(picture, values[13], values[14], values[3:6])
    relief = amounts[2] * (pore + np.float32(0.7) * fine)
    shade = 1 + np.float32(0.5) * relief + np.float32(0.3) * amounts[1] * mottle
    for k in range(3):
        values[3 + k] *= shade
    values[0] += np.float32(0.8) * amounts[2] * pore
    values[1] += np.float32(0.8) * amounts[2] * fine
    values[6] *= max(np.float32(0.1), 1 + np.float32(0.5) * mottle + 2 * relief)


@njit(cache=True, nogil=True, fastmath=True)
def skin_at(
    lattice: np.ndarray,
    values: np.ndarray,
    amounts: np.ndarray,
    colours: np.ndarray,
    picture: np.ndarray,
    seed: int,
) -> None:
    """Unevenness, pores, wrinkles, freckles and stubble; or the picture, if the pattern has one."""
    x, y, z = values[10], values[11], values[12]
    if picture.shape[0] > 1:
        _photographed_skin(lattice, values, amounts, picture, seed)
        return
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
def eye_at(
    lattice: np.ndarray,
    values: np.ndarray,
    amounts: np.ndarray,
    colours: np.ndarray,
    picture: np.ndarray,
    seed: int,
) -> None:
    """Iris, pupil, the dark rim around them and veins in the white."""
    x, y, z = values[10], values[11], values[12]
    cosine = z / np.sqrt(x * x + y * y + z * z + np.float32(1e-9))
    edge = amounts[5]
    iris = _ramp(edge - np.float32(0.012), edge + np.float32(0.012), cosine)
    limbus = _ramp(edge + np.float32(0.05), edge, cosine)
    pupil = _ramp(amounts[4] - np.float32(0.004), amounts[4] + np.float32(0.004), cosine)
    angle = np.arctan2(y, x)
    fibre = 1 + np.float32(0.35) * value_noise(lattice, angle * 9, cosine * 30, 0.0, seed)
    vein = 1 - np.float32(0.06) * value_noise(lattice, x / 1.5, y / 1.5, z / 1.5, seed)
    shown = np.ones(3, np.float32)
    if picture.shape[0] > 1:
        out = np.sqrt(max(1 - cosine * cosine, np.float32(0.0)))
        reach = out / np.sqrt(max(1 - edge * edge, np.float32(1e-4)))
        ring = (
            np.float32(0.5)
            * min(reach / _IRIS_REACH, np.float32(1.0))
            / max(np.sqrt(x * x + y * y), np.float32(1e-4))
        )
        _sample(picture, np.float32(0.5) + x * ring, np.float32(0.5) - y * ring, shown)
        fibre, limbus = np.float32(1.0), np.float32(0.4) * limbus
    for k in range(3):
        tone = colours[0, k] if picture.shape[0] == 1 else shown[k]
        colour = tone * fibre * (1 - np.float32(0.7) * limbus) * (1 - pupil)
        white = values[3 + k] * (vein if k > 0 else np.float32(1.0))
        values[3 + k] = white + iris * (colour - white)


@njit(cache=True, nogil=True, fastmath=True)
def hair_at(lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, seed: int) -> None:
    """Locks and strands."""
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
def cloth_at(lattice: np.ndarray, values: np.ndarray, amounts: np.ndarray, seed: int) -> None:
    """Folds, threads and stripes."""
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
