"""The nearest point of a triangle or a segment: plain numpy, many pairs at once."""

from __future__ import annotations

import numpy as np


def closest_on_triangles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(M, 3): for points (M, 3), the nearest point of triangle corners (M, 3, 3), row by row."""
    a, b, c = np.moveaxis(corners, 1, 0)
    inside, flat = feet_inside(points, corners)
    best = closest_on_segments(points, a, b - a)
    least = np.square(best - points).sum(axis=1)
    for start, along in ((b, c - b), (c, a - c)):
        other = closest_on_segments(points, start, along)
        distance = np.square(other - points).sum(axis=1)
        nearer = distance < least
        best[nearer], least[nearer] = other[nearer], distance[nearer]
    best[inside] = a[inside] + flat[inside]
    return best


def feet_inside(points: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the perpendicular from points (M, 3) meets the plane of triangle corners (M, 3, 3)
    inside of it, (M,) bool, and where, (M, 3) from the first corner."""
    a, b, c = np.moveaxis(corners, 1, 0)
    offset, first, second = points - a, b - a, c - a
    ff, fs, ss = (np.einsum("ij,ij->i", *pair) for pair in
                  ((first, first), (first, second), (second, second)))  # fmt: skip
    of, os = np.einsum("ij,ij->i", offset, first), np.einsum("ij,ij->i", offset, second)
    area = ff * ss - fs * fs
    safe = np.where(area > 0, area, 1)
    u, v = (ss * of - fs * os) / safe, (ff * os - fs * of) / safe
    inside = (area > 1e-12 * ff * ss) & (u >= 0) & (v >= 0) & (u + v <= 1)
    return inside, u[:, None] * first + v[:, None] * second


def closest_on_segments(points: np.ndarray, start: np.ndarray, along: np.ndarray) -> np.ndarray:
    """(…, C): for points (…, C), the nearest point of the segment from start (…, C) to
    start + along, row by row; shapes are broadcast."""
    length = np.einsum("...j,...j->...", along, along)
    share = np.einsum("...j,...j->...", points - start, along) / np.where(length > 0, length, 1)
    return start + np.clip(share, 0, 1)[..., None] * along
