"""Independent directions in which shapes vary, each of deviation 1."""

from __future__ import annotations

import numpy as np


def principal_modes(shapes: np.ndarray, most: int) -> np.ndarray:
    """(R, V, 3) float64, R <= most: principal directions of shapes (N, V, 3), each of deviation 1,
    the largest first; none where there are fewer than two shapes."""
    shapes = np.asarray(shapes, np.float64)
    if len(shapes) < 2:
        return np.zeros((0, *shapes.shape[1:]))
    away = (shapes - shapes.mean(0)) / np.sqrt(len(shapes) - 1)
    return largest_modes(away.reshape(len(away), -1), most).reshape(-1, *shapes.shape[1:])


def largest_modes(directions: np.ndarray, most: int) -> np.ndarray:
    """(R, D) float64, R <= most: orthogonal rows with the covariance that directions (N, D) sum
    to, but for what is smallest."""
    squares, turns = np.linalg.eigh(directions @ directions.T)
    kept = np.argsort(-squares)[:most]
    kept = kept[squares[kept] > 1e-9 * max(float(squares.max(initial=0.0)), 1e-30)]
    return turns[:, kept].T @ directions


def weighted(weights: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """(V, 3) float64: the sum of modes (R, V, 3)."""
    return np.tensordot(weights.astype(modes.dtype), modes, 1).astype(np.float64)
