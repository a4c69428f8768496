"""Cards of brows as they look from the front, and where the face detector's landmarks say that
brows are, which is where photos show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...geometry.rasteriser import rasterise
from ...texture.laid_photo import sample

PIXEL: Final = 0.0002
"""Metres."""
MARKS: Final = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
"""Of the detector's 468 landmarks, those around the subject's left brow."""
_FINER: Final = 4
"""Pixels each way that one is the mean of."""
_ROOM: Final = 0.001
"""Metres around the brow."""
_NEAR: Final = 0.004
"""Metres to the sides, within which the card's height is compared with the landmarks'."""


@dataclass(frozen=True, eq=False)
class FrontView:
    """cover : (h, w) float32 0..255, how far hair covers what is behind it, on the subject's left;
    corner : (2,) metres, its upper end towards the nose."""

    cover: np.ndarray
    corner: np.ndarray

    @classmethod
    def of(
        cls, places: np.ndarray, triangles: np.ndarray, uv: np.ndarray, picture: np.ndarray
    ) -> FrontView:
        """Of a card. places : (N, 3) metres on the open head; triangles : (T, 3); uv : (N, 2),
        v up; picture : (h, w) float32 0..255, the card's cover."""
        left = (places[triangles, 0] > 0).all(1)
        own = places[np.unique(triangles[left]), :2]
        low, high = own.min(0) - _ROOM, own.max(0) + _ROOM
        width, height = np.ceil((high - low) / PIXEL).astype(int) * _FINER
        at = (places[:, :2] - (low[0], high[1])) * (1, -1) * (_FINER / PIXEL)
        fragments = rasterise(at, 1 - places[:, 2], triangles[left], height, width)
        where = (fragments.interpolate(uv) * (1, -1) + (0, 1)) * picture.shape[1::-1]
        cover = np.zeros(width * height, np.float32)
        cover[fragments.pixel] = sample(picture[..., None], where)[:, 0]
        blocks = cover.reshape(height // _FINER, _FINER, width // _FINER, _FINER)
        return cls(blocks.mean((1, 3)), np.array([low[0], high[1]]))

    def too_low(self, marks: np.ndarray) -> np.ndarray:
        """(N,) metres that landmarks (N, 2) lie above the hair that is nearest to the sides."""
        rows, columns = (np.arange(count) + 0.5 for count in self.cover.shape)
        x, y = self.corner[0] + columns * PIXEL, self.corner[1] - rows * PIXEL
        near = np.abs(x - marks[:, :1]) < _NEAR
        hair = near.astype(np.float32) @ self.cover.T
        return marks[:, 1] - hair @ y / hair.sum(1)
