"""Where each pixel of a bent picture comes from: known on the head, carried on beside it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter, zoom

_BLOCK: Final = 4
_WIDTHS: Final = (24, 12, 6, 3, 1.5, 0.8)
"""Blurs, in blocks, from which the surroundings are filled, the far ones first."""
_SOFT: Final = 1.5
_STRIDE: Final = 37


def places(known: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(S, S, 2) float32 source pixels of every pixel.

    known : (S, S, 2) source pixels where inside : (S, S) bool. What they are beyond one affine map
    is carried on over hair and background, and dies away from the head.
    """
    side = len(known)
    down, across = np.mgrid[:side, :side].astype(np.float32) + np.float32(0.5)
    grid = np.stack([across, down, np.ones_like(down)], axis=-1)
    some = np.flatnonzero(inside)[::_STRIDE]
    affine = np.linalg.lstsq(
        grid.reshape(-1, 3)[some], known.reshape(-1, 2)[some].astype(np.float64), rcond=None
    )[0].astype(np.float32)
    base = grid @ affine
    beyond = _carried_on(np.where(inside[..., None], known - base, 0), inside)
    return base + gaussian_filter(beyond, (_SOFT, _SOFT, 0))


def _carried_on(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Values (S, S, C) that are known `inside`, everywhere."""
    known = _blocks(inside[..., None].astype(np.float32))[..., 0]
    coarse = _blocks(values)
    filled: np.ndarray | None = None
    for width in _WIDTHS:
        share = gaussian_filter(known, width, mode="constant")
        near = gaussian_filter(coarse, (width, width, 0), mode="constant")
        near /= np.maximum(share, 1e-6)[..., None]
        if filled is None:
            filled = near
            continue
        sure = np.clip(4 * share, 0, 1)[..., None]
        sure = sure * sure * (3 - 2 * sure)
        filled = filled * (1 - sure) + near * sure
    fine = np.asarray(
        zoom(
            coarse if filled is None else filled,
            (_BLOCK, _BLOCK, 1),
            order=1,
            grid_mode=True,
            mode="nearest",
        )
    )
    return np.where(inside[..., None], values, fine).astype(np.float32)


def _blocks(values: np.ndarray) -> np.ndarray:
    side, channels = len(values) // _BLOCK, values.shape[2]
    return values.reshape(side, _BLOCK, side, _BLOCK, channels).mean(axis=(1, 3))


@njit(cache=True, nogil=True, fastmath=True)
def sample(pixels: np.ndarray, places: np.ndarray, border: float, out: np.ndarray) -> None:
    """Bilinear: pixels (H, W, 3) float32 at places (S, S, 2) → out (S, S, 3) float32, in place.

    border : value of what lies outside the picture.
    """
    height, width = pixels.shape[:2]
    for row in range(places.shape[0]):
        for column in range(places.shape[1]):
            x, y = places[row, column, 0] - 0.5, places[row, column, 1] - 0.5
            if x < -0.5 or y < -0.5 or x > width - 0.5 or y > height - 0.5:
                for k in range(3):
                    out[row, column, k] = border
                continue
            x, y = min(max(x, 0.0), width - 1.001), min(max(y, 0.0), height - 1.001)
            left, top = int(x), int(y)
            right, low = x - left, y - top
            for k in range(3):
                upper = pixels[top, left, k] * (1 - right) + pixels[top, left + 1, k] * right
                lower = (
                    pixels[top + 1, left, k] * (1 - right) + pixels[top + 1, left + 1, k] * right
                )
                out[row, column, k] = upper * (1 - low) + lower * low
