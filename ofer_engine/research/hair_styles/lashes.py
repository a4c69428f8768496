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

from ...contract.files.digest import polygons_digest
from ...contract.strands import coloured
from ...heads.open_head import OpenHead
from ..wardrobe.assets import read_obj
from .build import strands

_HEAD: Final = Path(__file__).parents[3] / "weights" / "open" / "head.npz"
_SOURCE: Final = "eyelashes01"
"""The others stand so close that they look like a band."""
_SIDE: Final = 512
_COLOUR: Final = (0.018, 0.011, 0.008)
"""Linear; lashes are darker than the hair."""


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
    shade = np.asarray(strands(folder / f"{_SOURCE}.png", _SIDE), np.float32) / 255
    pixels = coloured(shade.reshape(-1, 4), _COLOUR).reshape(shade.shape)
    picture = Image.fromarray((pixels * 255 + 0.5).astype(np.uint8), "RGBA")
    picture.save(options.out / "lashes.png", optimize=True)


if __name__ == "__main__":
    main()
