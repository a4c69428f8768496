"""Fine unevenness for skin that no photo shows, so that it does not look like plastic beside it."""

from __future__ import annotations

from typing import Final

import numpy as np

_LATTICE: Final = np.random.default_rng(7).standard_normal((32, 32, 32)).astype(np.float32)
_OCTAVES: Final = ((0.0011, 0.7), (0.0027, 0.8), (0.0083, 0.6))
"""Size in metres and share of each layer: pores, mottling, blotches."""


def grain(places: np.ndarray) -> np.ndarray:
    """(N,) float32 of variance about 1, smooth in space: no UV seam shows in it.

    places : (N, 3) metres on the template.
    """
    total = np.zeros(len(places), np.float32)
    power = 0.0
    for number, (size, share) in enumerate(_OCTAVES):
        total += share * _noise(places / np.float32(size) + np.float32(11.3 * number))
        power += share**2 * 0.16  # what trilinear interpolation leaves of the lattice's variance
    return total / np.float32(np.sqrt(power))


def _noise(at: np.ndarray) -> np.ndarray:
    """Value noise at (N, 3), one lattice cell per unit."""
    cell = np.floor(at)
    part = (at - cell).astype(np.float32)
    part = part * part * (3 - 2 * part)
    low = cell.astype(np.int64) & 31
    high = (low + 1) & 31
    flat = _LATTICE.ravel()
    x, y, z = (np.stack([low[:, axis], high[:, axis]]) for axis in range(3))
    u, v, w = part.T
    planes = []
    for a in (0, 1):
        rows = []
        for b in (0, 1):
            base = (x[a] * 32 + y[b]) * 32
            first, second = flat[base + z[0]], flat[base + z[1]]
            rows.append(first + w * (second - first))
        planes.append(rows[0] + v * (rows[1] - rows[0]))
    return planes[0] + u * (planes[1] - planes[0])
