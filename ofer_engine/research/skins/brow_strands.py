"""The hair of a brow, strand by strand, laid out along and across it."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from ...texture.drawn_brows import ACROSS, ALONG

LENGTH, HALF_WIDTH = 42.0, 4.0
"""Millimetres of the brow that strands are drawn for, from end to end and from its middle line."""
PIXEL: Final = 0.1
"""Millimetres."""
_FINER: Final = 4
"""Pixels each way that one is the mean of."""
_ROOTS: Final = 4.5
"""Roots in a square millimetre."""
_PLACES: Final = (-1.3, -1.0, -0.5, 0.1, 0.6, 1.0, 1.3)
_DEGREES: Final = (80, 74, 46, 26, 8, -8, -14)
"""Directions of strands at places along the brow, from outwards to upwards."""
_MILLIMETRES: Final = (4.0, 4.5, 6.5, 7.0, 6.0, 4.5, 3.5)
"""How long strands are there."""
_LEAN: Final = 24.0
"""Degrees that strands of the upper edge lean down more, those of the lower edge up."""
_BEND: Final = 22.0
"""Degrees by which a strand bends down from its root to its tip."""
_ASKEW, _UNEVEN = 9.0, 0.2
"""Deviations of direction, degrees, and of length."""
_WIDE: Final = 0.15
"""Millimetres at a strand's root; its tip is pointed."""
_PARTS: Final = 10
_FIRST: Final = 0.12
"""Rank of the first strand to go, 0..1."""


def strands(seed: int = 1) -> np.ndarray:
    """(h, w) float32 0..1, ranks of the strands of a brow of the subject's left, outwards from left
    to right, from above down; 0 between them. Where hair is sparse, those of low rank are missing.
    """
    rng = np.random.default_rng(seed)
    width, height = LENGTH * ALONG, 2 * HALF_WIDTH * ACROSS
    count = round(_ROOTS * width * height)
    x, y = rng.uniform(0, width, count), rng.uniform(-height / 2, height / 2, count)
    place = (2 * x / width - 1) * ALONG
    direction = np.interp(place, _PLACES, _DEGREES) + rng.normal(0, _ASKEW, count)
    direction -= _LEAN * np.clip(y / HALF_WIDTH, -1.2, 1.2)
    length = np.interp(place, _PLACES, _MILLIMETRES) * np.exp(rng.normal(0, _UNEVEN, count))
    scale = _FINER / PIXEL
    picture = Image.new("L", (round(width * scale), round(height * scale)))
    pen = ImageDraw.Draw(picture)
    for row in range(count):  # the later, the higher its rank
        rank = round(255 * (_FIRST + (1 - _FIRST) * row / count))
        ways = np.radians(direction[row] - _BEND * np.arange(_PARTS) / _PARTS)
        steps = np.c_[np.cos(ways), -np.sin(ways)] * length[row] / _PARTS
        root = np.array([x[row], height / 2 - y[row]]) - steps.sum(0) / 2
        points = scale * (root + np.r_[np.zeros((1, 2)), np.cumsum(steps, 0)])
        for part in range(_PARTS):
            thick = max(round(scale * _WIDE * (1 - part / _PARTS)), 1)
            pen.line([tuple(points[part]), tuple(points[part + 1])], fill=rank, width=thick)
    fine = np.asarray(picture, np.float32) / 255
    rows, columns = (size // _FINER for size in fine.shape)
    blocks = fine[: rows * _FINER, : columns * _FINER]
    return blocks.reshape(rows, _FINER, columns, _FINER).mean((1, 3))
