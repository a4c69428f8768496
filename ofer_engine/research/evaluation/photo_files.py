"""Photos that are measured on: which files of a folder they are, and the face that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...photo.faces import Face, FaceDetector
from ...photo.load import Photo

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")


def photos_in(folder: Path) -> list[Path]:
    """In the order of their names. Raises OferError(BAD_REQUEST) where there are none."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "There are no photos in {folder}.",
            "Give a folder with files that end in {suffixes}.",
            folder=folder,
            suffixes=", ".join(SUFFIXES),
        )
    return paths


def middle_face(detector: FaceDetector, photo: Photo) -> Face:
    """The face nearest to the middle of the photo: whom a portrait is of.

    Raises OferError(NO_FACE | FACE_TOO_SMALL).
    """
    middle = np.array([photo.width, photo.height]) / 2

    def away(face: Face) -> float:
        x, y, width, height = face.box
        return float(np.hypot(*(np.array([x + width / 2, y + height / 2]) - middle)))

    return min(detector.detect(photo), key=away)
