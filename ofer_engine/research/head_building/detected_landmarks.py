"""Landmarks where the face detector sees them, on a head whose landmarks were cast from clay.

The first landmarks were found on painted heads without skin or hair (`landmark_cast`). On pictures
with real skins whose heads are known, the detector sees them elsewhere: 8 mm lower on the forehead,
3 to 6 mm off on the jaw, and those of the jaw's two sides were cast 15 mm apart. What leans on
landmarks errs with them: the laying of skin, and the points that bent portraits teach.
`detected_landmarks_build` measured the places. The surface stays as it is.

`python -m ofer_engine.research.head_building.detected_landmarks IN.npz OUT.npz` does it to a head
that is not finished, for training pictures.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ...arkit.contacts import LID_PAIRS, LIP_PAIRS
from ...heads.open_head import OpenHead
from ...texture.shape import split
from .landmark_cast import attach

PLACES: Final = Path(__file__).with_name("detected_landmarks.npy")
_CLOSING: Final = (*(pair for pairs in LID_PAIRS.values() for pair in pairs), *LIP_PAIRS, (78, 308))
KEPT: Final = tuple(sorted({mark for pair in _CLOSING for mark in pair}))
"""Landmarks on the borders of lids and lips, by which units close them: those borders are known."""


def with_detected_landmarks(head: OpenHead) -> OpenHead:
    """The head with all landmarks but `KEPT` where the detector sees them. Pure."""
    return with_landmarks_at(head, np.load(PLACES))


def with_landmarks_at(head: OpenHead, places: np.ndarray) -> OpenHead:
    """The head with landmarks on the skin nearest to `places`, (468, 3) metres on the template,
    but for `KEPT`. Pure."""
    found, barycentric = attach(places, head.template, seen_skin(head))
    moving = ~np.isin(np.arange(len(places)), KEPT)
    corners, weights = head.landmark_triangles.copy(), head.landmark_barycentric.copy()
    corners[moving], weights[moving] = found[moving], barycentric[moving]
    return replace(head, landmark_triangles=corners, landmark_barycentric=weights)


def seen_skin(head: OpenHead) -> np.ndarray:
    """(T, 3) int32 triangles of the skin, without the mouth's lining."""
    skin = head.part == head.part_names.index("skin")
    triangles, _ = split(head.polygons[skin], head.uv[skin])
    return triangles[head.outer[triangles].all(axis=1)]


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("head", type=Path, help="head.npz whose landmarks were cast")
    parser.add_argument("out", type=Path, help="where the head with detected landmarks is written")
    options = parser.parse_args(arguments)
    with_detected_landmarks(OpenHead.load(options.head)).save(options.out)


if __name__ == "__main__":
    main()
