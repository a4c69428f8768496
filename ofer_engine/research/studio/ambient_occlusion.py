"""How much of the sky each vertex sees: ambient occlusion by shadow maps from many sides."""

from __future__ import annotations

import numpy as np

from .rasterise import NO_TRIANGLE, draw_triangles, vertex_normals

_SIDE = 192
_BIAS = 0.004
_DIRECTIONS = 64


def surface_ambient_occlusion(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Cosine-weighted share of unblocked directions.

    vertices : (V, 3) float32, metres; triangles : (T, 3) int32. Returns (V,) float32, 0..1.
    """
    normals = vertex_normals(vertices, triangles)
    weight = np.zeros(len(vertices))
    seen_sky = np.zeros(len(vertices))
    for direction in _spread_directions(_DIRECTIONS):
        cosine = np.clip(normals @ direction, 0.0, None)
        weight += cosine
        seen_sky += cosine * _lit(vertices, triangles, direction)
    return (seen_sky / np.maximum(weight, 1e-6)).astype(np.float32)


def light_basis(direction: np.ndarray) -> np.ndarray:
    """Right, up and towards-the-light rows of an orthonormal frame. direction : (3,) unit."""
    helper = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction]).astype(np.float32)


def _spread_directions(count: int) -> np.ndarray:
    """Fibonacci sphere, (count, 3)."""
    index = np.arange(count) + 0.5
    height = 1 - 2 * index / count
    angle = np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), height, ring * np.sin(angle)], 1)


def _lit(vertices: np.ndarray, triangles: np.ndarray, direction: np.ndarray) -> np.ndarray:
    local = vertices @ light_basis(direction).T
    low, high = local.min(0), local.max(0)
    scale = (_SIDE - 2) / (high - low)[:2].max()
    screen = local.copy()
    screen[:, :2] = (local[:, :2] - low[:2]) * scale + 1
    screen[:, 2] = local[:, 2] - low[2] + 1.0
    nearest = np.zeros((_SIDE, _SIDE), np.float32)
    draw_triangles(screen, triangles, nearest, np.full((_SIDE, _SIDE), NO_TRIANGLE, np.int32))
    column, row = screen[:, 0].astype(int), screen[:, 1].astype(int)
    return screen[:, 2] > nearest[row, column] - _BIAS
