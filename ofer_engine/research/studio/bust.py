"""What a head stands on: neck, shoulders and clothes, as sheets around the end of its skin."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .complexion import linear
from .drape import sheet, wavy
from .occluders import Piece
from .patterns import CLOTH

_COLUMNS: Final = 49
_BAND: Final = 0.022
"""Metres of the lowest skin that tell where the neck goes on."""
_DOWN: Final = np.array([-0.012, 0.0, 0.02, 0.045, 0.065, 0.085, 0.11, 0.2])
_WIDE: Final = np.array([0.0, 0.0, 0.0, 0.15, 0.55, 0.85, 1.0, 1.1])
"""Metres below the end of the skin, and how far the neck has become shoulders there."""


def random_bust(
    rng: np.random.Generator, vertices: np.ndarray, skin: np.ndarray, tone: np.ndarray
) -> list[Piece]:
    """Pieces from the neck down, head frame. vertices : (V, 3) metres; skin : (V,) bool, of the
    head; tone : (3,) linear colour of the skin."""
    rings = _rings(rng, vertices[skin])
    colour = linear(rng.uniform(0, 1, 3) ** rng.uniform(0.7, 2.5))
    if rng.random() < 0.5:
        colour = linear(np.full(3, rng.uniform(0.02, 0.95)) * (1 + rng.normal(size=3) * 0.05))
    pieces = [Piece(sheet(rings[::-1]), tone, 0.08, 0)]
    low = rng.uniform(0.012, 0.05)
    dip = rng.uniform(0.0, 0.07) if rng.random() < 0.5 else 0.0
    pieces.append(_garment(rng, rings, low, dip, colour))
    if rng.random() < 0.45:
        pieces.append(_collar(rng, rings, low))
    return pieces


def _rings(rng: np.random.Generator, skin: np.ndarray) -> np.ndarray:
    """(rows, _COLUMNS, 3) from the neck's end to the chest, azimuth -180 to 180°."""
    band = skin[skin[:, 1] < skin[:, 1].min() + _BAND]
    middle = (band.min(0) + band.max(0)) / 2
    offset = band - middle
    azimuth = np.arctan2(offset[:, 0], offset[:, 2])
    order = np.argsort(azimuth)
    around = np.linspace(-np.pi, np.pi, _COLUMNS)
    reach = np.hypot(offset[order, 0], offset[order, 2])
    near = np.cos(azimuth[order] - around[:, None]) > 0.96
    radius = np.where(near, reach, 0.0).max(1)
    radius = np.where(radius > 0, radius, np.median(reach))
    radius = gaussian_filter1d(radius, 1.5, mode="wrap")
    broad, deep = rng.uniform(0.15, 0.21), rng.uniform(0.08, 0.11)
    shoulders = 1 / np.sqrt((np.sin(around) / broad) ** 2 + (np.cos(around) / deep) ** 2)
    share = _WIDE[:, None]
    reach_by_row = radius * 0.985 * (1 - share) + shoulders * share
    slope = 0.035 * share * (np.abs(np.sin(around)) - 0.3)
    drop = _DOWN[:, None] * rng.uniform(0.9, 1.5) + slope * (_DOWN[:, None] > 0.05)
    points = np.stack(
        [
            middle[0] + reach_by_row * np.sin(around),
            middle[1] - drop,
            middle[2] - 0.15 * drop + reach_by_row * np.cos(around),
        ],
        -1,
    )
    return points


def _at_height(rings: np.ndarray, below: np.ndarray, lift: np.ndarray | float) -> np.ndarray:
    """(R, _COLUMNS, 3): points of the bust `below` (R, _COLUMNS) metres under its top, lifted."""
    depth = rings[0, :, 1] - rings[..., 1]
    out = np.empty((*below.shape, 3))
    for column in range(_COLUMNS):
        for axis in range(3):
            out[:, column, axis] = np.interp(
                below[:, column], depth[:, column], rings[:, column, axis]
            )
    outward = out - out.mean(1, keepdims=True)
    outward[..., 1] = 0
    outward /= np.maximum(np.linalg.norm(outward, axis=-1, keepdims=True), 1e-6)
    return out + outward * np.asarray(lift)[..., None]


def _garment(
    rng: np.random.Generator, rings: np.ndarray, low: float, dip: float, colour: np.ndarray
) -> Piece:
    around = np.linspace(-180, 180, _COLUMNS)
    start = 0.012 + low + dip * np.exp(-((around / 28.0) ** 2)) + wavy(rng, around, 3, 0.001)
    share = np.linspace(0, 1, 12)[:, None]
    below = start + (0.23 - start) * share
    fold = 0.004 + 0.003 * wavy(rng, np.broadcast_to(around, below.shape) + 300 * below, 4, 0.5)
    grid = _at_height(rings, below, np.clip(fold, 0.002, None))
    return Piece(sheet(grid[::-1]), colour, float(rng.uniform(0.0, 0.15)), CLOTH)


def _collar(rng: np.random.Generator, rings: np.ndarray, low: float) -> Piece:
    """A shirt's collar, open at the throat."""
    around = np.linspace(-180, 180, _COLUMNS)
    high = rng.uniform(0.02, 0.04)
    gap = rng.uniform(6, 25)
    open_at = np.clip((gap * 1.6 - np.abs(around)) / gap, 0, 1)
    top = 0.012 + low - high * 0.5 + 0.03 * open_at
    share = np.linspace(0, 1, 5)[:, None]
    grid = _at_height(rings, top + high * share, 0.006 + 0.008 * share)
    colour = linear(np.full(3, rng.uniform(0.6, 1.0)) * (1 + rng.normal(size=3) * 0.04))
    return Piece(sheet(grid[::-1]), colour, 0.05, CLOTH)
