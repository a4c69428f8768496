"""CO-545 of the OFER paper: 545 occluded, expressive faces, against registered CoMA meshes.

The data set's layout, its alignment, its crop and the definitions of its two errors are not
public. OUR READING, printed with every figure and not comparable with the paper's numbers:
  - a prediction is laid on the true mesh as NoW lays a head on a scan, growing or shrinking;
  - SE is the root mean square, mm, of the distances of the true mesh's face vertices from it, over
    all images together: of the head ranked first, or of all heads;
  - CSE is that of the closest sample: of each image's head with the least root mean square.

    DATA/images.txt                           one image a line: SUBJECT/…/IMAGE, suffix or not
    DATA/meshes/SUBJECT/…/IMAGE.ply           true mesh, expression and all (or .obj)
    DATA/meshes/SUBJECT/…/IMAGE.npy           its seven landmarks (or .txt, .pp), unless given as
                                              vertex numbers for all
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ...contract.errors import ErrorCode, OferError
from .mesh_files import mesh_at
from .now import missing
from .predictions import Predictions
from .scoring import FaceScan, Image
from .tally import Scoreboard, table

LIST: Final = "images.txt"
GROUP: Final = "CO-545"
READING: Final = (
    "Our reading, for CO-545's definitions are not public: rms of 'ranked first' or of 'average' is"
    " SE, rms of 'best' is CSE; laid on as in NoW. Not comparable with the paper's numbers."
)
_WHERE: Final = (
    "CO-545 is described on OFER's page, ofer.is.tue.mpg.de, and its meshes are CoMA's, from"
    " coma.is.tue.mpg.de; docs/evaluation.md says how to lay them out."
)


@dataclass(frozen=True)
class Co545Data:
    """folder : DATA above; unit : of its meshes; landmark_vertices : text file of seven vertex
    numbers that hold for every true mesh."""

    folder: Path
    unit: str = "m"
    landmark_vertices: Path | None = None

    def images(self) -> tuple[Image, ...]:
        """Those of the list. Raises OferError(BAD_REQUEST) for a missing or strange list."""
        file = self.folder / LIST
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, ValueError) as cause:
            raise missing(file, "the list of images", _WHERE) from cause
        images = tuple(_image(line, file) for line in filter(None, map(str.strip, lines)))
        if not images:
            raise missing(file, "the list of images", _WHERE)
        return images

    def scan_name(self, image: Image) -> str:
        """One true mesh an image."""
        return image.name

    def scan(self, image: Image) -> FaceScan:
        """The face of the true mesh. Raises OferError(BAD_REQUEST)."""
        stem = self.folder / "meshes" / image.name
        file = mesh_at(stem)
        if file is None:
            raise missing(stem.with_name(stem.name + ".ply"), "a true mesh", _WHERE)
        reader = Predictions(stem.parent, unit=self.unit, landmark_vertices=self.landmark_vertices)
        truth = reader.plain(file)
        return FaceScan.cropped(truth.vertices, truth.landmarks)


def errors(board: Scoreboard) -> str:
    """The two errors, beside the figures that NoW would give."""
    return table(board, GROUP, [GROUP], ("rms", "median", "mean"))


def _image(line: str, file: Path) -> Image:
    path = PurePosixPath(line.replace("\\", "/"))
    if len(path.parts) < 2 or path.is_absolute() or ".." in path.parts:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has a line that is not SUBJECT/…/IMAGE: {line}.",
            "Write paths below the data folder, the subject first.",
            name=file.name,
            line=line,
        )
    known = path.suffix.lower() in (".jpg", ".jpeg", ".png")
    return Image(str(path.with_suffix("") if known else path), path.parts[0], GROUP)
