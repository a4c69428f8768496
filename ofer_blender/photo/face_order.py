"""The numbers of the faces in a photo: from left to right, as people read a group."""

from __future__ import annotations

from collections.abc import Sequence

from ...ofer_engine.contract.protocol import FaceFound


def left_to_right(faces: Sequence[FaceFound]) -> list[int]:
    """Places in `faces`, which come best first, from the left of the photo to the right."""
    middles = [face.box[0] + face.box[2] / 2 for face in faces]
    return sorted(range(len(faces)), key=middles.__getitem__)


def number(faces: Sequence[FaceFound], index: int) -> int:
    """What the face of a place in `faces` is called, from 1."""
    return left_to_right(faces).index(index) + 1
