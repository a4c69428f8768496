"""What is behind people: portraits without the person, and views of real places."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from .portraits import PortraitReading
from .unwarp import extend

SIDE: Final = 256
_VIEWS: Final = 10
_FIELD: Final = 65.0
"""Degrees across a view of a place: a background out of focus."""


def background_of(reading: PortraitReading) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 display colours: a portrait whose head and body have been closed from
    what is around them, so that no face stays."""
    height, width = reading.pixels.shape[:2]
    square = max(height, width)
    low, high = reading.landmarks.min(0), reading.landmarks.max(0)
    middle, half = (low + high) / 2, (high - low) / 2
    rows, columns = np.mgrid[:height, :width] + 0.5
    head = ((columns - middle[0]) / (half[0] * 1.75)) ** 2 + (
        (rows - middle[1] + 0.15 * half[1]) / (half[1] * 1.75)
    ) ** 2
    body = (rows > high[1] - 0.1 * half[1]) & (
        np.abs(columns - middle[0]) < half[0] * 1.3 + (rows - high[1]) * 2.5
    )
    free = ((head > 1) & ~body).astype(np.float32)
    free = gaussian_filter(free, 1.0)
    whole = np.zeros((square, square, 3), np.float32)
    known = np.zeros((square, square), np.float32)
    top, left = 0, (square - width) // 2
    whole[top : top + height, left : left + width] = reading.pixels
    known[top : top + height, left : left + width] = free
    side = square // 4 * 4
    whole, known = whole[:side, :side], known[:side, :side]
    filled = whole * known[..., None] + extend(whole, known) * (1 - known[..., None])
    picture = Image.fromarray(np.clip(filled, 0, 255).astype(np.uint8))
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def panorama_views(panorama: np.ndarray) -> list[np.ndarray]:
    """Views of a linear panorama (H, 2 H, 3) all around, (SIDE, SIDE, 3) uint8 display colours."""
    height = len(panorama)
    rng = np.random.default_rng(height)
    grid = np.tan(np.radians(_FIELD / 2)) * (np.arange(SIDE) + 0.5 - SIDE / 2) / (SIDE / 2)
    across, down = np.meshgrid(grid, grid)
    views = []
    for number in range(_VIEWS):
        turn = 2 * np.pi * number / _VIEWS
        elevation = np.arctan2(-down, np.hypot(1, across)) + np.radians(rng.uniform(-8, 8))
        azimuth = np.arctan2(across, 1) + turn
        where = [
            (0.5 - elevation / np.pi) * height - 0.5,
            (azimuth / (2 * np.pi) * 2 * height) % (2 * height) - 0.5,
        ]
        seen = np.stack(
            [map_coordinates(panorama[..., k], where, order=1, mode="grid-wrap") for k in range(3)],
            -1,
        )
        seen = seen / max(np.quantile(seen, rng.uniform(0.8, 0.97)), 1e-4)
        soft = rng.uniform(1.0, 4.0)
        seen = gaussian_filter(np.minimum(seen, 4.0), (soft, soft, 0))
        views.append((np.clip(seen, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8))
    return views
