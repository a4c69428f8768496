"""Makes the brow that skins have where no photo shows the person's own.

    python -m ofer_engine.research.hair_styles.drawn_brows

A card of brows that Blender's part puts on heads (`build.py`, CC0), seen from the front on the open
head, becomes a picture of how far hair covers the skin, as `texture.drawn_brows` reads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...heads.open_head import OpenHead
from ...texture.drawn_brows import FILE
from .front import PIXEL, FrontView

_ROOT: Final = Path(__file__).parents[3]
_CARD: Final = _ROOT / "ofer_blender" / "hair" / "styles" / "brows_natural"
_SPARSE = (0.3, 0.014)
"""How dense the card is where a brow begins, beside the nose, and metres over which 1 is added."""


def main() -> None:
    """Write the file that ships."""
    head = OpenHead.load(_ROOT / "weights" / "open" / "head.npz")
    with np.load(_CARD.with_suffix(".npz"), allow_pickle=False) as card:
        shares = card["steps"] / np.float32(255)
        places = (head.template[card["anchors"]] * shares[..., None]).sum(1) + card["offset"]
        triangles, uv = card["triangles"].astype(np.int32), card["uv"].astype(np.float32)
    with Image.open(_CARD.with_suffix(".webp")) as picture:
        shown = np.asarray(picture.convert("RGBA"), np.float32)[..., 3]
    view = FrontView.of(places, triangles, uv, shown)
    begins = np.arange(view.cover.shape[1]) * PIXEL / _SPARSE[1]
    drawn = view.cover * np.clip(_SPARSE[0] + begins, 0, 1)
    np.savez_compressed(
        FILE,
        allow_pickle=False,
        cover=np.round(drawn).astype(np.uint8),
        corner=view.corner.astype(np.float32),
        pixel=np.float32(PIXEL),
    )


if __name__ == "__main__":
    main()
