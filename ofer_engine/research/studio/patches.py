"""Flat things on a picture: the artist's "hidden here" strokes, bars, blurs and textured blobs."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

HIDDEN_GREY: Final = 128
"""What the run time paints over regions that the artist marks as hidden (0.5 of 255)."""

_EDGE_SHARE: Final = 0.15


def random_strokes(rng: np.random.Generator, landmarks: np.ndarray, size: int) -> np.ndarray:
    """A mask (size, size) bool of one to four ellipses, bars or brush strokes on the face.

    landmarks : (468, 2) float, pixels of a picture of that size.
    """
    rows, columns = np.mgrid[:size, :size] + 0.5
    face = float(np.linalg.norm(landmarks[10] - landmarks[152]))
    mask = np.zeros((size, size), bool)
    if rng.random() < _EDGE_SHARE:
        return _beyond_the_photo(rng, columns, rows)
    for _ in range(rng.choice([1, 2, 3, 4], p=[0.6, 0.22, 0.12, 0.06])):
        middle, half = _place(rng, landmarks, face)
        angle = rng.normal() * 0.5
        x, y = columns - middle[0], rows - middle[1]
        u = (np.cos(angle) * x + np.sin(angle) * y) / half[0]
        v = (-np.sin(angle) * x + np.cos(angle) * y) / half[1]
        shape = rng.random()
        if shape < 0.4:
            mask |= u * u + v * v < 1
        elif shape < 0.75:
            mask |= np.maximum(np.abs(u), np.abs(v)) < 0.9
        else:
            mask |= _brush(rng, middle, half, columns, rows)
    return mask


def _beyond_the_photo(
    rng: np.random.Generator, columns: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """What a crop shows of the outside when the face is near the edge of its photo."""
    size = len(rows)
    tilt = rng.normal() * 0.2 + rng.integers(4) * np.pi / 2
    outward = np.cos(tilt) * (columns - size / 2) + np.sin(tilt) * (rows - size / 2)
    return outward > size * rng.uniform(0.05, 0.48)


def _place(
    rng: np.random.Generator, landmarks: np.ndarray, face: float
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and half axes in pixels: mouth, eyes, one side, half of the face, or anywhere."""
    kind = rng.random()
    if kind < 0.25:
        centre = landmarks[[13, 2, 152]].mean(0)
        half = face * np.array([rng.uniform(0.25, 0.55), rng.uniform(0.15, 0.32)])
    elif kind < 0.45:
        centre = landmarks[[33, 263]].mean(0)
        half = face * np.array([rng.uniform(0.3, 0.55), rng.uniform(0.08, 0.2)])
    elif kind < 0.65:
        outer, corner = ((33, 61), (263, 291))[rng.integers(2)]
        outside = landmarks[outer] - landmarks[168]
        centre = landmarks[outer] * 0.6 + landmarks[corner] * 0.4 + outside * rng.uniform(0, 0.4)
        half = face * np.array([rng.uniform(0.15, 0.32), rng.uniform(0.35, 0.7)])
    elif kind < 0.75:
        centre = landmarks[10] * rng.uniform(0.6, 1.0) + landmarks[168] * 0.2
        half = face * np.array([rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.25)])
    else:
        centre = landmarks[rng.integers(len(landmarks))]
        half = face * rng.uniform(0.07, 0.3, 2)
    return centre + rng.normal(size=2) * 0.04 * face, np.maximum(half, 1.5)


def _brush(
    rng: np.random.Generator,
    middle: np.ndarray,
    half: np.ndarray,
    columns: np.ndarray,
    rows: np.ndarray,
) -> np.ndarray:
    """A wandering round brush."""
    radius = half.min() * rng.uniform(0.35, 0.7)
    mask = np.zeros(columns.shape, bool)
    for _ in range(10):
        spot = middle + rng.uniform(-0.8, 0.8, 2) * half
        mask |= np.hypot(columns - spot[0], rows - spot[1]) < radius
    return mask


def paint_patch(rng: np.random.Generator, picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Cover a finished picture (S, S, 3) uint8 where mask; the grey of the run time most often."""
    kind = rng.random()
    covered = picture.copy()
    if kind < 0.6:
        covered[mask] = HIDDEN_GREY
    elif kind < 0.7:
        covered[mask] = 0 if rng.random() < 0.7 else 255
    elif kind < 0.78:
        covered[mask] = picture.mean((0, 1)).astype(np.uint8)
    elif kind < 0.86:
        covered[mask] = rng.integers(0, 256, 3).astype(np.uint8)
    else:
        blur = rng.uniform(5, 12)
        covered[mask] = gaussian_filter(picture.astype(np.float32), (blur, blur, 0))[mask]
    return covered
