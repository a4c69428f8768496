"""Gives a head the UVs in which skins are painted, so that its own texture favours the face, too.

    python -m ofer_engine.research.head_building.face_layout HEAD.npz

A step of `finish`: the skin is laid out as `texture/layout` does it for a painted skin,
the face taking almost half of the picture; eyes, lashes, teeth and tongue keep their UVs. The
wardrobe has a chart of its own and does not look at them.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...contract.skin import Layout
from ...heads.head import Head
from ...heads.open_head import OpenHead
from ...texture.layout import layout
from ...texture.shape import SKIN


def face_layout(head: Head) -> np.ndarray:
    """(F, 4, 2) float32: UVs of a head, those of the skin for the face."""
    skin = (head.part == head.part_names.index(SKIN))[:, None, None]
    return np.where(skin, layout(head, Layout.FACE), head.uv).astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path, help="head.npz, which is changed")
    path = parser.parse_args(arguments).head
    head = OpenHead.load(path)
    replace(head, uv=face_layout(head)).save(path)


if __name__ == "__main__":
    main()
