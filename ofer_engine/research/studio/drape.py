"""Things that lie on a head: sheets (hair, cloth) and lines (strands, straps) in head polar angles.

A head is star-shaped enough about a pivot between the ears to be a radius over azimuth (0 at the
nose, +90° at the subject's left ear) and elevation (+90° at the crown).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter

_STEP: Final = 5.0
_COLUMNS, _ROWS = int(360 / _STEP), int(180 / _STEP) + 1


@dataclass(frozen=True)
class Sheet:
    """An opaque patch. vertices (V, 3) metres, head frame; triangles (T, 3) int32;
    texture (V, 3) float32: millimetres across, millimetres along, 0."""

    vertices: np.ndarray
    triangles: np.ndarray
    texture: np.ndarray


@dataclass(frozen=True)
class HeadEnvelope:
    """Outermost radius (ROWS, COLUMNS), metres, about `pivot` (3,), head frame."""

    pivot: np.ndarray
    radius: np.ndarray

    @staticmethod
    def of(vertices: np.ndarray, pivot: np.ndarray, smooth: float = 0.6) -> HeadEnvelope:
        """vertices : (V, 3) outer skin; smooth : blur in grid cells of 5°."""
        azimuth, elevation, distance = polar(vertices - pivot)
        grid = np.zeros((_ROWS, _COLUMNS), np.float32)
        row = np.rint((elevation + 90) / _STEP).astype(int)
        column = np.rint((azimuth + 180) / _STEP).astype(int) % _COLUMNS
        np.maximum.at(grid, (row, column), distance)
        while (empty := grid == 0).any():
            grid[empty] = _around(grid, lambda g: maximum_filter(g, 3, mode="nearest"))[empty]
        return HeadEnvelope(
            pivot, _around(grid, lambda g: gaussian_filter(g, smooth, mode="nearest"))
        )

    def at(
        self, azimuth: np.ndarray, elevation: np.ndarray, lift: np.ndarray | float
    ) -> np.ndarray:
        """Points `lift` metres above the surface. Angles (...) in degrees -> (..., 3)."""
        radius = self.reach(azimuth, elevation) + lift
        across, up = np.radians(azimuth), np.radians(elevation)
        ring = radius * np.cos(up)
        offset = np.stack([ring * np.sin(across), radius * np.sin(up), ring * np.cos(across)], -1)
        return (self.pivot + offset).astype(np.float32)

    def reach(self, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
        """Radius in metres at angles in degrees."""
        rows = (np.clip(elevation, -90, 90) + 90) / _STEP
        columns = (np.asarray(azimuth) + 180) / _STEP % _COLUMNS
        shape = np.broadcast(rows, columns).shape
        where = [np.broadcast_to(rows, shape).ravel(), np.broadcast_to(columns, shape).ravel()]
        return map_coordinates(self.radius, where, order=1, mode="grid-wrap").reshape(shape)


def _around(grid: np.ndarray, smooth: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a small filter to a grid whose last column meets its first."""
    margin = 4
    return smooth(np.pad(grid, ((0, 0), (margin, margin)), mode="wrap"))[:, margin:-margin]


def polar(offset: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Azimuth and elevation in degrees and distance of offsets (..., 3) from the pivot."""
    distance = np.linalg.norm(offset, axis=-1)
    azimuth = np.degrees(np.arctan2(offset[..., 0], offset[..., 2]))
    elevation = np.degrees(np.arcsin(np.clip(offset[..., 1] / np.maximum(distance, 1e-9), -1, 1)))
    return azimuth, elevation, distance


def sheet(points: np.ndarray) -> Sheet:
    """A sheet from a grid of points (R, C, 3), rows upwards, columns towards +azimuth."""
    rows, columns = points.shape[:2]
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    corners = [first, first + 1, first + columns + 1, first + columns]
    triangles = np.concatenate(
        [np.stack([corners[i] for i in face], 1) for face in ((0, 1, 2), (0, 2, 3))]
    )
    texture = np.zeros((rows, columns, 3), np.float32)
    texture[:, 1:, 0] = np.cumsum(np.linalg.norm(np.diff(points, axis=1), axis=2), 1).mean(0) * 1000
    texture[1:, :, 1] = np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=2), 0) * 1000
    return Sheet(
        np.ascontiguousarray(points.reshape(-1, 3), np.float32),
        triangles.astype(np.int32),
        texture.reshape(-1, 3),
    )


def wavy(rng: np.random.Generator, phase: np.ndarray, waves: int, amplitude: float) -> np.ndarray:
    """A smooth random function of `phase` in degrees: `waves` sines of deviation `amplitude`."""
    value = np.zeros_like(phase, dtype=float)
    for frequency in rng.integers(1, 4 * waves, size=waves):
        value += np.sin(np.radians(phase) * frequency + rng.uniform(0, 2 * np.pi))
    return value * amplitude * np.sqrt(2 / waves)
