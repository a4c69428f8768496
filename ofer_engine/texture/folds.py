"""Where a photo's expression presses skin together, so that it folds: a smile does beside the
mouth, above the lip and beside the eyes. What is dark or bright there is mostly the shape of the
moment, which the mesh is too coarse for, and no colour of the person's."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..geometry.smooth_step import smooth_step
from .features import Features
from .fields import around
from .shape import Shape

_CALM, _FOLDED = 0.06, 0.22
"""Log of how much shorter skin gets: below the first none of it folds, from the second on all."""
_LEAST: Final = 0.35
"""Length of what was 1, below which a triangle is a sliver that tells nothing more."""
_FAR: Final = (0.003, 0.007)
"""Metres that lips move: up to the first they lie where they are laid, from the second beside."""
_ABOUT: Final = 6.0
"""Millimetres around the lips that they are beside."""
_FLAT: Final = 1e-20
"""Square of twice the area, m⁴, of a triangle without any."""


def pressed(shape: Shape, calm: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """(V,) log of how much shorter skin is with an expression, in the direction that shortens most:
    the mean of the triangles around. calm, moved : (V, 3) metres, the head without and with it."""
    before, after = _metric(calm, shape.triangles), _metric(moved, shape.triangles)
    area = _determinant(before)
    first, across, second = before
    # The squares of both stretches are the eigenvalues of before⁻¹ after.
    half = (second * after[0] + first * after[2] - 2 * across * after[1]) / 2
    half = half / np.maximum(area, _FLAT)
    product = _determinant(after) / np.maximum(area, _FLAT)
    least = half - np.sqrt(np.maximum(half**2 - product, 0))
    shorter = -0.5 * np.log(np.clip(np.where(area > _FLAT, least, 1), _LEAST**2, 1))
    corners, count = shape.triangles.ravel(), len(calm)
    total = np.bincount(corners, np.repeat(shorter, 3), count)
    return total / np.maximum(np.bincount(corners, minlength=count), 1)


def folded(shorter: np.ndarray) -> np.ndarray:
    """0..1 of what `pressed` gives."""
    return smooth_step(shorter, _CALM, _FOLDED)


def beside_lips(
    shape: Shape, features: Features, calm: np.ndarray, moved: np.ndarray
) -> np.ndarray:
    """(V,) 0..1, skin about lips that an expression has taken far: it lies a little beside where
    the photo has it, so that teeth and the edge of a lip would be painted on it. calm, moved : as
    in `pressed`."""
    away = np.linalg.norm(np.asarray(moved, np.float64) - calm, axis=1)
    return smooth_step(away, *_FAR) * around(shape, features.lips, _ABOUT)


def _metric(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of two edges of each triangle, (T,) each: first², first·second, second²."""
    corner = vertices[triangles].astype(np.float64)
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return (first**2).sum(1), (first * second).sum(1), (second**2).sum(1)


def _determinant(metric: tuple[np.ndarray, ...]) -> np.ndarray:
    return metric[0] * metric[2] - metric[1] ** 2
