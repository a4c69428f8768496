"""Makes the brow that skins have where no photo shows the person's own.

    python -m ofer_engine.research.hair_styles.drawn_brows

A card of brows that Blender's part puts on heads (`build.py`, CC0), seen from the front on the open
head, becomes a picture of how far hair covers the skin, as `texture.drawn_brows` reads it. It is
moved up to where the face detector's landmarks are on brows, which is where photos show them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...geometry.rasteriser import rasterise
from ...heads.open_head import OpenHead
from ...texture.drawn_brows import FILE
from ...texture.laid_photo import sample

_ROOT: Final = Path(__file__).parents[3]
_CARD: Final = _ROOT / "ofer_blender" / "hair" / "styles" / "brows_natural"
_PIXEL: Final = 0.0002
"""Metres."""
_FINER: Final = 4
"""Pixels each way that one is the mean of."""
_ROOM: Final = 0.001
"""Metres around the brow."""
_SPARSE = (0.3, 0.014)
"""How dense the card is where a brow begins, beside the nose, and metres over which 1 is added."""
_MARKS: Final = [276, 283, 282, 295, 285, 300, 293, 334, 296, 336]
"""Of the detector's 468 landmarks, those around the left brow."""
_NEAR: Final = 0.004
"""Metres to the sides, within which the card's height is compared with theirs."""


def main() -> None:
    """Write the file that ships."""
    head = OpenHead.load(_ROOT / "weights" / "open" / "head.npz")
    with np.load(_CARD.with_suffix(".npz"), allow_pickle=False) as card:
        shares = card["steps"] / np.float32(255)
        places = (head.template[card["anchors"]] * shares[..., None]).sum(1) + card["offset"]
        triangles, uv = card["triangles"].astype(np.int32), card["uv"].astype(np.float32)
    left = (places[triangles, 0] > 0).all(1)
    own = places[np.unique(triangles[left]), :2]
    low, high = own.min(0) - _ROOM, own.max(0) + _ROOM
    width, height = np.ceil((high - low) / _PIXEL).astype(int) * _FINER
    at = (places[:, :2] - (low[0], high[1])) * (1, -1) * (_FINER / _PIXEL)
    fragments = rasterise(at, 1 - places[:, 2], triangles[left], height, width)
    with Image.open(_CARD.with_suffix(".webp")) as picture:
        shown = np.asarray(picture.convert("RGBA"), np.float32)[..., 3:]
    where = (fragments.interpolate(uv) * (1, -1) + (0, 1)) * shown.shape[1::-1]
    cover = np.zeros(width * height, np.float32)
    cover[fragments.pixel] = sample(shown, where)[:, 0]
    blocks = cover.reshape(height // _FINER, _FINER, width // _FINER, _FINER)
    drawn = blocks.mean((1, 3))
    drawn *= np.clip(_SPARSE[0] + np.arange(drawn.shape[1]) * _PIXEL / _SPARSE[1], 0, 1)
    corner = np.array([low[0], high[1]])
    corner[1] += _too_low(drawn, corner, head.landmarks(head.template)[_MARKS, :2])
    np.savez_compressed(
        FILE,
        allow_pickle=False,
        cover=np.round(drawn).astype(np.uint8),
        corner=corner.astype(np.float32),
        pixel=np.float32(_PIXEL),
    )


def _too_low(drawn: np.ndarray, corner: np.ndarray, marks: np.ndarray) -> float:
    """Metres that the landmarks (N, 2) lie above what is drawn, each above what is nearest."""
    rows, columns = (np.arange(count) + 0.5 for count in drawn.shape)
    x, y = corner[0] + columns * _PIXEL, corner[1] - rows * _PIXEL
    above = []
    for mark in marks:
        near = drawn[:, np.abs(x - mark[0]) < _NEAR].sum(1)
        above.append(mark[1] - float((near * y).sum() / near.sum()))
    return float(np.mean(above))


if __name__ == "__main__":
    main()
