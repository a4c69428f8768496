"""The NoW challenge (Sanyal et al., CVPR 2019): neutral heads from photos, against scans.

What its published evaluation says is followed: seven landmarks, the face region, least squares of
the distances over scale, turn and shift (metrical: over turn and shift), and median, mean and
deviation over all points of all images together. OUR READING, each too small to move a figure:
a mirrored head is never used; the pull on the scale (0.001 of it, one residual among tens of
thousands) is left out; the metrical start takes its shift with scale 1; the minimum is found by
our own solver, first on a share of the points.

    DATA/imagepathsvalidation.txt             one image a line, ending in SUBJECT/CHALLENGE/IMAGE
    DATA/scans/SUBJECT/*.obj                  millimetres
    DATA/scans_lmks_onlypp/SUBJECT/*.pp       seven landmarks
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from .mesh_files import read_landmarks, read_mesh, write_mesh
from .predictions import Predictions
from .scoring import FaceScan, Image
from .tally import Scoreboard, table

CHALLENGES: Final = {
    "multiview_neutral": "neutral",
    "multiview_expressions": "expression",
    "multiview_occlusions": "occlusion",
    "selfie": "selfie",
}
LISTS: Final = {"validation": "imagepathsvalidation.txt", "test": "imagepathstest.txt"}
_WHERE: Final = "NoW's data come from its own page, now.is.tue.mpg.de, after registration."


@dataclass(frozen=True)
class NowData:
    """folder : DATA above; images_of : a key of `LISTS`, or the path of a list."""

    folder: Path
    images_of: str = "validation"

    def images(self) -> tuple[Image, ...]:
        """Those of the list. Raises OferError(BAD_REQUEST) for a missing or strange list."""
        name = LISTS.get(self.images_of)
        file = self.folder / name if name else Path(self.images_of)
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, ValueError) as cause:
            raise missing(file, "the list of images", _WHERE) from cause
        images = []
        for line in filter(None, map(str.strip, lines)):
            parts = PurePosixPath(line.replace("\\", "/")).parts[-3:]
            if len(parts) != 3 or parts[1] not in CHALLENGES:
                raise OferError(
                    ErrorCode.BAD_REQUEST,
                    "{name} has a line that is not SUBJECT/CHALLENGE/IMAGE: {line}.",
                    "CHALLENGE is one of {challenges}.",
                    name=file.name,
                    line=line,
                    challenges=", ".join(CHALLENGES),
                )
            stem = str(PurePosixPath(*parts).with_suffix(""))
            images.append(Image(stem, parts[0], CHALLENGES[parts[1]]))
        if not images:
            raise missing(file, "the list of images", _WHERE)
        return tuple(images)

    def scan_name(self, image: Image) -> str:
        """One scan a subject."""
        return image.subject

    def scan(self, image: Image) -> FaceScan:
        """The face of the subject's scan. Raises OferError(BAD_REQUEST)."""
        mesh = self._only("scans", image.subject, "*.obj")
        landmarks = self._only("scans_lmks_onlypp", image.subject, "*.pp")
        return FaceScan.cropped(read_mesh(mesh)[0], read_landmarks(landmarks))

    def _only(self, kind: str, subject: str, pattern: str) -> Path:
        folder = self.folder / kind / subject
        files = sorted(folder.glob(pattern))
        if not files:
            raise missing(folder / pattern, f"the {kind} of {subject}", _WHERE)
        return files[0]


def tables(board: Scoreboard) -> str:
    """One table over all images, then one for each challenge that has any."""
    groups = [group for group in CHALLENGES.values() if group in board.images]
    columns = ("median", "mean", "deviation")
    parts = [table(board, "all", groups, columns)]
    parts += [table(board, group, [group], columns) for group in groups]
    return "\n\n".join(parts)


def export(data: NowData, predictions: Predictions, out: Path) -> tuple[int, list[str]]:
    """Write the best-ranked head of each image as NoW takes submissions.

    OUT/SUBJECT/CHALLENGE/IMAGE.ply and .npy (7, 3), millimetres. Returns how many were written and
    which images had no prediction; a submission needs all of them.
    """
    written, without = 0, []
    for image in data.images():
        head = predictions.first(image.name)
        if head is None:
            without.append(image.name)
            continue
        file = out / f"{image.name}.ply"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_mesh(file, head.vertices, head.triangles)
        np.save(file.with_suffix(".npy"), head.landmarks)
        written += 1
    return written, without


def missing(path: Path, what: str, where: str) -> OferError:
    """Data that the user has to bring: what is not there, and where a user gets it."""
    return OferError(
        ErrorCode.BAD_REQUEST, "{path} is missing: {what}.", where, path=path, what=what
    )
