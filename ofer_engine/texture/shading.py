"""The photo's light on the skin: low-order spherical harmonics, so that it can be taken out."""

from __future__ import annotations

import numpy as np

_STRENGTH = 0.8
"""How much of the light is taken out: the head only follows the photo roughly, so not all."""
_RANGE = (0.45, 1.7)
_ROUNDS = 6


def light_of(normals: np.ndarray, luminance: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """How much brighter than the average skin the light makes each vertex, (V,) float64.

    normals : (V, 3), unit, any fixed frame; luminance : (V,) linear, of the photo; trust : (V,).
    Second-order spherical harmonics (Ramamoorthi and Hanrahan 2001), fitted by iteratively
    reweighted least squares: lips and brows are dark, but not for want of light.
    """
    used = (trust > 0.05) & (luminance > 1e-4)
    if used.sum() < 50:
        return np.ones(len(normals))
    basis = _harmonics(normals)
    target = np.log(luminance[used])
    weight = trust[used].copy()
    rows = basis[used]
    middle = np.average(target, weights=weight)
    ridge = np.diag([0, 1, 1, 1, 4, 4, 4, 4, 4]) * 0.02 * weight.sum()
    solution = np.zeros(9)
    for _ in range(_ROUNDS):
        weighted = rows * weight[:, None]
        solution = np.linalg.solve(weighted.T @ rows + ridge, weighted.T @ target)
        away = np.abs(target - rows @ solution) / 0.15
        weight = trust[used] / (1 + away**2)
    light = np.exp(_STRENGTH * (basis @ solution - middle))
    return np.clip(light, *_RANGE)


def _harmonics(normals: np.ndarray) -> np.ndarray:
    x, y, z = np.asarray(normals, np.float64).T
    one = np.ones_like(x)
    return np.stack([one, x, y, z, x * y, y * z, z * x, x * x - y * y, 3 * z * z - 1], 1)
