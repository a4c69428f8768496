"""The points of the irises: the middle of each, and four of its border."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..geometry.surface_points import SurfacePoints

RADIUS: Final = 0.00605
"""Metres, of an iris: the middle of what the synthetic photos show."""
AROUND: Final = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
"""The middle, then towards the subject's left, up, right and down; the left eye comes first."""


def iris_points(
    template: np.ndarray, eyeballs: tuple[np.ndarray, np.ndarray], centres: np.ndarray
) -> SurfacePoints:
    """Points of both irises of a head that looks along +Z.

    template : (V, 3) metres; eyeballs : triangles (n, 3) of the left eye and of the right;
    centres : (2, 3) of them. An eye without a surface before its centre has no points.
    """
    found = [
        _hit(template, triangles, centre, np.array([*direction, 0.0]) * RADIUS)
        for triangles, centre in zip(eyeballs, centres, strict=True)
        for direction in AROUND
    ]
    met = [one for one in found if one is not None]
    if len(met) < len(found):
        return SurfacePoints(np.zeros((0, 3), np.int32), np.zeros((0, 3), np.float32))
    corners, weights = zip(*met, strict=True)
    return SurfacePoints(np.stack(corners).astype(np.int32), np.stack(weights).astype(np.float32))


def _hit(
    template: np.ndarray, triangles: np.ndarray, centre: np.ndarray, aside: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """The foremost triangle on the line along Z through centre + aside, and the weights there."""
    corners = template[triangles].astype(np.float64) - centre - aside
    a, b, c = corners[..., :2].transpose(1, 0, 2)
    areas = np.stack([_cross(b, c), _cross(c, a), _cross(a, b)], axis=1)
    total = areas.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = areas / total[:, None]
    inside = (np.abs(total) > 0) & (weights >= -1e-9).all(axis=1)
    depth = np.einsum("tk,tk->t", np.where(inside[:, None], weights, 0.0), corners[..., 2])
    before = np.flatnonzero(inside & (depth > 0))
    if not len(before):
        return None
    foremost = before[depth[before].argmax()]
    return triangles[foremost], weights[foremost]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
