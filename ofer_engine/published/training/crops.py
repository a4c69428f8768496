"""The two pictures that the encoders see of a face: ArcFace's 112 px blob, FaRL's 224 px crop.

MICA's layout holds both; from photos they are cut by our own detector, once, and kept.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from ...contract.errors import ErrorCode, OferError
from ...contract.sentence import Sentence
from ...photo.align import ARCFACE_TEMPLATE, farl_crop, five_points
from ...photo.faces import FaceDetector
from ...photo.load import load_photo, photo_from_pixels
from ..encoder_pictures import published_pictures
from ..pickle_reader.safe_load import damaged, load_array
from .scan_data import Example, blob_path

BLOB_POINTS: Final = ARCFACE_TEMPLATE + 0.5
"""(5, 2) where ArcFace's alignment puts eyes, nose tip and mouth corners, blob pixels."""

_BLOB_SIDE: Final = 112
_PICTURE_SIDE: Final = 224
_GREY: Final = 127.5


@dataclass(frozen=True, eq=False)
class Crops:
    """One face. blob : (112, 112, 3) and picture : (224, 224, 3) uint8 RGB, None where it is
    not asked for; points : (5, 2) float64, the five points in the picture, picture pixels, None
    where no face was found there.
    """

    blob: np.ndarray
    picture: np.ndarray | None
    points: np.ndarray | None


class CropReader:
    """Gives the crops of an example's pictures."""

    def __init__(self, detector: FaceDetector | None, folder: Path, pictures: bool = True) -> None:
        """detector : finds the face in photos, and the points in crops that are pasted upon; None
        for neither. folder : keeps what it found. pictures : read FaRL's crops too.
        """
        self._detector = detector
        self._folder = folder
        self._pictures = pictures

    def read(self, example: Example, image: int) -> Crops:
        """The crops of one picture. Raises OferError (a file's, or NO_FACE of a photo)."""
        path = example.images[image]
        if not example.prepared:
            return self._cut(path)
        blob = _blob(blob_path(path))
        if example.swapped:
            blob = blob[..., ::-1]
        if not self._pictures:
            return Crops(blob, None, None)
        picture = load_photo(path).pixels
        if picture.shape != (_PICTURE_SIDE, _PICTURE_SIDE, 3):
            picture = np.asarray(Image.fromarray(picture).resize((_PICTURE_SIDE, _PICTURE_SIDE)))
        if example.swapped:
            picture = picture[..., ::-1]
        return Crops(blob, picture, self._points(path, picture))

    def usable(self, example: Example) -> tuple[Path, ...]:
        """The example's pictures that can be read and show a face; crops made by others are taken
        at their word until they are read.
        """
        if example.prepared:
            return example.images
        found = []
        for image, path in enumerate(example.images):
            try:
                self.read(example, image)
            except OferError:
                continue
            found.append(path)
        return tuple(found)

    def _cut(self, path: Path) -> Crops:
        kept = self._kept(path)
        if kept.is_file():
            with np.load(kept) as found:
                return Crops(found["blob"], found["picture"], found["points"])
        photo = load_photo(path)
        if self._detector is None:
            raise ValueError("photos need a detector")
        faces = self._detector.detect(photo)
        if not faces:
            raise OferError(
                ErrorCode.NO_FACE,
                "No face was found in {name}.",
                "Leave the picture out.",
                name=path.name,
            )
        points = five_points(faces[0].landmarks)
        shown = published_pictures(photo, points, faces[0].box)
        inside = farl_crop(faces[0].box).to_crop(points)
        _keep(kept, {"blob": shown.blob, "picture": shown.picture, "points": inside})
        return Crops(shown.blob, shown.picture, inside)

    def _points(self, path: Path, picture: np.ndarray) -> np.ndarray | None:
        if self._detector is None:
            return None
        kept = self._kept(path)
        if kept.is_file():
            with np.load(kept) as found:
                return found["points"] if len(found["points"]) else None
        faces = self._detector.detect(photo_from_pixels(picture, path.name))
        points = five_points(faces[0].landmarks) if faces else np.zeros((0, 2))
        _keep(kept, {"points": points})
        return points if len(points) else None

    def _kept(self, path: Path) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        changed = path.stat().st_mtime_ns
        digest = hashlib.sha256(f"{path.resolve()}|{changed}".encode()).hexdigest()
        return self._folder / f"{digest[:24]}.npz"


def _keep(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an archive whole or not at all: others may be reading."""
    unfinished = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.npz")
    np.savez(unfinished, **arrays)  # pyright: ignore[reportArgumentType]
    os.replace(unfinished, file)


def _blob(path: Path) -> np.ndarray:
    blob = load_array(path)
    shape = (3, _BLOB_SIDE, _BLOB_SIDE)
    if not isinstance(blob, np.ndarray) or blob.shape != shape or blob.dtype.kind != "f":
        raise damaged(path.name, Sentence("a blob has the shape {shape}", shape=shape))
    if not np.isfinite(blob).all() or np.abs(blob).max() > 1.001:
        raise damaged(path.name, "a blob's values lie between -1 and 1")
    pixels = np.round(blob * _GREY + _GREY).clip(0, 255).astype(np.uint8)
    return pixels.transpose(1, 2, 0)[..., ::-1]
