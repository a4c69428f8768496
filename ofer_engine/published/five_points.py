"""Which five points and which box a photo's face is cut by: a user's SCRFD's, or our detector's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.torch import load_file

from ..contract.errors import ErrorCode, OferError
from ..photo.align import five_points
from ..photo.faces import Face
from ..photo.load import Photo
from .catalogue import Part
from .conversion import SCRFD_MODEL
from .imported_files import part_file, status
from .scrfd import Scrfd, overlaps

_SAME_FACE: Final = 0.25
"""Share of the boxes' union that two detectors' boxes of one face have in common, at least."""
_AS_PUBLISHED: Final = "The face is aligned by SCRFD's five points, as published."
_OWN: Final = "The face is aligned by five points of our own detector, not by SCRFD's as published."
_NOT_SEEN: Final = "SCRFD does not find this face: it is aligned by our own detector's five points."
_NO_RUNTIME: Final = (
    "SCRFD is imported, but what runs it is not installed (`install.py setup --with scrfd`): the "
    "face is aligned by our own detector's five points."
)


@dataclass(frozen=True, eq=False)
class FivePointAlignment:
    """points : (5, 2) in the order of `align.five_points`; box : x, y, width, height; both photo
    pixels. note : whose they are, for the record.
    """

    points: np.ndarray
    box: tuple[float, float, float, float]
    note: str


@dataclass(frozen=True, eq=False)
class Aligner:
    """detector : the user's SCRFD, or None; without : what is said where there is none."""

    detector: Scrfd | None = None
    without: str = _OWN

    @staticmethod
    def of(home: Path) -> Aligner:
        """With the SCRFD imported into `home`, if any. Raises OferError(WEIGHTS_DAMAGED)."""
        if not any(line.part == Part.SCRFD and line.record for line in status(home)):
            return Aligner()
        model = load_file(part_file(home, Part.SCRFD))[SCRFD_MODEL].numpy().tobytes()
        try:
            return Aligner(Scrfd(model))
        except OferError as error:
            if error.code is not ErrorCode.ENGINE_MISSING:
                raise
            return Aligner(None, _NO_RUNTIME)

    def align(self, photo: Photo, face: Face) -> FivePointAlignment:
        """The points and the box of one face that our detector has found."""
        own = five_points(face.landmarks)
        if self.detector is None:
            return FivePointAlignment(own, face.box, self.without)
        found = self.detector.detect(photo.pixels)
        shares = overlaps(face.box, np.reshape([each.box for each in found], (-1, 4)))
        if not len(shares) or shares.max() < _SAME_FACE:
            return FivePointAlignment(own, face.box, _NOT_SEEN)
        nearest = found[int(shares.argmax())]
        return FivePointAlignment(nearest.points, nearest.box, _AS_PUBLISHED)
