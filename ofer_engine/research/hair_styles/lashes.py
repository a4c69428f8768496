"""Makes the picture of lashes, and where the open head's lashes lie in it.

    python -m ofer_engine.research.hair_styles.lashes --assets ASSETS --out ofer_blender/head

ASSETS holds `makehuman/eyelashes` of MakeHuman's CC0 base assets. Its lashes are the very sheets
that the open head has, vertex by vertex, so that they need no mesh of their own: lashes.npz holds
their places in the picture, lashes.webp brightness of the strands and their cover.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from ...heads.open_head import OpenHead
from ..wardrobe.assets import read_obj
from .build import QUALITY, polygons_digest, strands

_HEAD: Final = Path(__file__).parents[3] / "weights" / "open" / "head.npz"
_SOURCE: Final = "eyelashes01"
"""The others stand so close that they look like a band."""
_SIDE: Final = 512


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
    shade = strands(folder / f"{_SOURCE}.png", _SIDE)
    file = options.out / "lashes.webp"
    shade.save(file, quality=QUALITY, alpha_quality=80, method=6, exact=True)


if __name__ == "__main__":
    main()
