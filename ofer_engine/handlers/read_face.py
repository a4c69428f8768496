"""Reading one face of one photo: where it is, what is hidden of it, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract import protocol
from ..contract.records import CameraRecord, FaceRecord, PhotoRecord, View
from ..contract.sentence import readable
from ..packs.pack import Pack, PhotoEvidence
from ..photo.hidden import cover, hidden_pixels
from ..photo.iris_colour import iris_colour
from ..progress import Work
from ..session import Session

_LOW_CONFIDENCE: Final = (
    "Low confidence: the face is hidden, small or turned away; check it against the photo."
)


@dataclass(frozen=True)
class FaceReading:
    """evidence : what the photo shows; view : the record of it; notes : for the user;
    iris_colour : (3,) float32 sRGB, None where no eye is seen well enough."""

    evidence: PhotoEvidence
    view: View
    notes: tuple[str, ...]
    iris_colour: np.ndarray | None


def read_face(session: Session, pack: Pack, wanted: protocol.PhotoFace, work: Work) -> FaceReading:
    """Read one face. Raises OferError as `Session.photo` and `Session.face`."""
    opened = session.photo(wanted.path, work.check)
    face = session.face(opened, wanted)
    work.check()
    photo = opened.photo
    hidden = hidden_pixels(photo, face.landmarks, wanted.hidden, wanted.mask)
    shown = photo if hidden is None else cover(photo, hidden.pixels)
    covered = None if hidden is None else hidden.pixels
    work.check()
    evidence = pack.encode(shown, face, covered, work.check)
    work.check()
    colour = iris_colour(photo.pixels, face.landmarks, covered)
    doubt = (_LOW_CONFIDENCE,) if face.low_confidence else ()
    view = View(
        PhotoRecord(readable(photo.name), photo.sha256, photo.width, photo.height),
        FaceRecord(
            tuple(map(float, face.box)),
            bool(wanted.box or wanted.points),
            face.confidence,
            face.low_confidence,
        ),
        CameraRecord(**evidence.camera.to_json(), focal_known=evidence.focal_known),
        () if hidden is None else hidden.names,
        "" if hidden is None else hidden.digest,
    )
    return FaceReading(evidence, view, (*photo.notes, *doubt, *evidence.notes), colour)
