"""A skin's picture on the heads of thumbnails, laid on by UVs that have seams."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ..contract.errors import ErrorCode, OferError
from ..contract.files.array_file import read_array
from ..geometry.rasteriser import Fragments
from ..geometry.triangles import triangulate

_SIDE: Final = 1024
"""Pixels of the picture that are kept: more than a thumbnail shows."""


@dataclass(frozen=True)
class Paint:
    """A picture, and the surface that it lies on: the head's, cut open along the picture's seams.

    source : (W,) int, which vertex of the head each of the surface's is; triangles : (T, 3) int of
    the surface; uv : (W, 2) float32, from the picture's lower left corner; painted : (W,) bool, the
    picture is there; picture : (S, S, 3) float32, display 0..1, first row on top.
    """

    source: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    painted: np.ndarray
    picture: np.ndarray

    @staticmethod
    def of(polygons: np.ndarray, uv: np.ndarray, picture: np.ndarray) -> Paint:
        """polygons : (F, 4), -1 last in a triangle; uv : (F, 4, 2), all 0 in a polygon where
        nothing is painted; picture : as the field."""
        corners = np.arange(polygons.size).reshape(polygons.shape)
        corners = np.where(polygons < 0, -1, corners)
        each = np.c_[polygons.ravel(), uv.reshape(-1, 2).astype(np.float32).view(np.uint32)]
        _, first, own = np.unique(each, axis=0, return_index=True, return_inverse=True)
        return Paint(
            polygons.ravel()[first],
            own.reshape(-1)[triangulate(corners)],
            uv.reshape(-1, 2)[first].astype(np.float32),
            np.repeat(uv.any(axis=(1, 2)), polygons.shape[1])[first],
            picture,
        )

    @staticmethod
    def read(polygons: np.ndarray, uv: Path, picture: Path) -> Paint:
        """Of files. Raises OferError(RECONSTRUCTION_DAMAGED) where they fit no such head."""
        try:
            corners = read_array(uv)
            with Image.open(picture) as opened:
                side = min(_SIDE, *opened.size)
                small = opened.convert("RGB").resize((side, side), Image.Resampling.BOX)
        except (OSError, ValueError) as cause:
            raise _unfit() from cause
        if corners.shape != (*polygons.shape, 2) or not np.isfinite(corners).all():
            raise _unfit()
        return Paint.of(polygons, corners, np.asarray(small, np.float32) / 255)

    def over(self, fragments: Fragments, colours: np.ndarray) -> np.ndarray:
        """(N, 3) float32: the picture at the pixels where it lies, elsewhere `colours` (N, 3)."""
        at = np.flatnonzero(self.painted[fragments.corners[:, 0]])
        part = Fragments(
            fragments.pixel[at],
            fragments.corners[at],
            fragments.weights[at],
            fragments.height,
            fragments.width,
        )
        shown = colours.copy()
        shown[at] = self._sampled(part.interpolate(self.uv))
        return shown

    def _sampled(self, uv: np.ndarray) -> np.ndarray:
        """(N, 3), between the four nearest pixels. uv : (N, 2)."""
        height, width = self.picture.shape[:2]
        x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
        y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1)
        left, top = x.astype(int), y.astype(int)
        right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        along, down = (x - left)[:, None], (y - top)[:, None]
        upper = self.picture[top, left] * (1 - along) + self.picture[top, right] * along
        lower = self.picture[below, left] * (1 - along) + self.picture[below, right] * along
        return upper * (1 - down) + lower * down


def _unfit() -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "The painted skin does not fit the head.",
        "Make the skin from the photo again.",
    )
