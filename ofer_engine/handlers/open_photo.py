"""Reading a photo and listing its faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..contract import protocol
from ..contract.files.array_file import write_array
from ..contract.files.whole_file import whole_file
from ..contract.sentence import Sentence
from ..photo.load import Photo
from ..progress import Work
from ..session import Session


def answer(session: Session, request: protocol.OpenPhoto, work: Work) -> protocol.PhotoOpened:
    """No face found is an answer, not an error."""
    progress = work.progress({"Finding the face": 2.0})
    progress.step("Finding the face", 0, 1)
    opened = session.photo(request.path, work.check)
    faces = tuple(
        protocol.FaceFound(tuple(map(float, f.box)), f.score, f.confidence, f.low_confidence)
        for f in opened.faces
    )
    photo = opened.photo
    if request.picture:
        _write_picture(photo, Path(request.picture))
    return protocol.PhotoOpened(
        request.id,
        request.path,
        photo.width,
        photo.height,
        faces,
        tuple(map(Sentence, opened.notes)),
    )


def _write_picture(photo: Photo, path: Path) -> None:
    picture = Image.fromarray(photo.pixels)
    picture.thumbnail((protocol.PICTURE_SIDE, protocol.PICTURE_SIDE), Image.Resampling.BILINEAR)
    with whole_file(path) as file:
        write_array(file, np.asarray(picture))
