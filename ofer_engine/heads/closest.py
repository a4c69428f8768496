"""The nearest point of a triangle: plain numpy, many pairs at once."""

from __future__ import annotations

import numpy as np


def closest_on_triangles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(M, 3): for points (M, 3), the nearest point of triangle corners (M, 3, 3), row by row."""
    a, b, c = np.moveaxis(corners, 1, 0)
    inside, flat = _foot(points - a, b - a, c - a)
    best = _on_segment(points, a, b - a)
    least = np.square(best - points).sum(axis=1)
    for start, along in ((b, c - b), (c, a - c)):
        other = _on_segment(points, start, along)
        distance = np.square(other - points).sum(axis=1)
        nearer = distance < least
        best[nearer], least[nearer] = other[nearer], distance[nearer]
    best[inside] = a[inside] + flat[inside]
    return best


def _foot(
    offset: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether the foot of the perpendicular is inside, and where, from the triangle's corner a."""
    ff, fs, ss = (np.einsum("ij,ij->i", *pair) for pair in
                  ((first, first), (first, second), (second, second)))  # fmt: skip
    of, os = np.einsum("ij,ij->i", offset, first), np.einsum("ij,ij->i", offset, second)
    area = ff * ss - fs * fs
    safe = np.where(area > 0, area, 1)
    u, v = (ss * of - fs * os) / safe, (ff * os - fs * of) / safe
    inside = (area > 1e-12 * ff * ss) & (u >= 0) & (v >= 0) & (u + v <= 1)
    return inside, u[:, None] * first + v[:, None] * second


def _on_segment(points: np.ndarray, start: np.ndarray, along: np.ndarray) -> np.ndarray:
    length = np.einsum("ij,ij->i", along, along)
    share = np.einsum("ij,ij->i", points - start, along) / np.where(length > 0, length, 1)
    return start + np.clip(share, 0, 1)[:, None] * along
