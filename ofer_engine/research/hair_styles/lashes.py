"""Makes the picture of lashes, and where the open head's lashes lie in it.

    python -m ofer_engine.research.hair_styles.lashes --assets ASSETS --out ofer_blender/head

ASSETS holds `makehuman/eyelashes` of MakeHuman's CC0 base assets. Its lashes are the very sheets
that the open head has, vertex by vertex, so that they need no mesh of their own: lashes.npz holds
their places in the picture, lashes.png the strands in their colour and their cover, as the .blend
is to hold them: a head is not kept waiting for its lashes to be coloured.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...heads.open_head import OpenHead
from ..wardrobe.assets import read_obj
from .build import polygons_digest, strands

_HEAD: Final = Path(__file__).parents[3] / "weights" / "open" / "head.npz"
_SOURCE: Final = "eyelashes01"
"""The others stand so close that they look like a band."""
_SIDE: Final = 512
_COLOUR: Final = (0.018, 0.011, 0.008)
"""Linear; lashes are darker than the hair."""
_COVER: Final = 1.5
"""Covers of 1 / 3 and more are hair: what is cut out at half would be thin."""
_MIDDLE: Final = 128 / 255
_LIGHT: Final = 0.3
"""Linear: hair as light as this shows its strands half as much as black hair."""


def coloured(shade: Image.Image) -> Image.Image:
    """RGBA of a picture of brightness and cover, as `ofer_blender/head/strands` colours hair."""
    values = np.asarray(shade.convert("RGBA"), np.float32) / 255
    bright = (values[..., :1] / _MIDDLE) ** (2 - min(float(np.mean(_COLOUR)) / _LIGHT, 1.0))
    colour = np.clip(bright * np.asarray(_COLOUR, np.float32), 0, 1) ** (1 / 2.2)
    cover = np.clip(values[..., 3:] * _COVER, 0, 1)
    pixels = np.concatenate([colour, cover], axis=-1)
    return Image.fromarray((pixels * 255 + 0.5).astype(np.uint8), "RGBA")


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    folder = options.assets / "makehuman" / "eyelashes" / _SOURCE
    head = OpenHead.load(_HEAD)
    triangles, places = read_obj(folder / f"{_SOURCE}.obj")
    lashes = head.polygons[head.part == head.part_names.index("lashes")]
    uv = np.zeros((len(np.unique(lashes)), 2), np.float32)
    uv[triangles[..., 0]] = places[triangles[..., 1]]
    np.savez_compressed(
        options.out / "lashes.npz",
        allow_pickle=False,
        head=np.array(polygons_digest(head.polygons)),
        uv=uv,
    )
    coloured(strands(folder / f"{_SOURCE}.png", _SIDE)).save(
        options.out / "lashes.png", optimize=True
    )


if __name__ == "__main__":
    main()
