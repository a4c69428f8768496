"""A reconstruction on disk: the folder `NAME.ofer` that the engine writes and everyone reads.

    NAME.ofer/
      reconstruction.json      the record below: what was done, with what, and how sure it is
      ARRAY.npy                one file per array of `ARRAYS`, and those of `OPTIONAL_ARRAYS` it has
      thumbnails/NAME.png      one picture per hypothesis, named as the hypothesis is

Vertices are metres in the engine frame: Y up, +Z out of the face, +X to the subject's left.
`handlers/draft.py` writes it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from . import strict_json
from .errors import ErrorCode, OferError
from .fields import from_fields, to_fields
from .files.array_file import ArrayHeader, read_array, read_header
from .files.array_forms import Form, agreed, is_sound
from .files.pieces import is_plain, read_piece
from .files.png_size import png_size
from .record_sense import makes_sense
from .records import (
    Addition,
    CameraRecord,
    FaceRecord,
    Hypothesis,
    PackRecord,
    PhotoRecord,
    SettingsRecord,
    View,
)
from .sentence import Sentence

FORMAT_VERSION: Final = 2
"""Of every folder since release 0.2.0. docs/engine.md has the rule for a change of it."""
_BEFORE_RELEASES: Final = 1
SUFFIX: Final = ".ofer"
RECORD: Final = "reconstruction.json"
THUMBNAILS: Final = "thumbnails"
SHEET: Final = "_sheet.png"
"""Ending of the contact sheet beside a reconstruction."""
FRAMES: Final = "_frames"
"""Ending of the folder beside it with the frames of a video that the head is made from."""
_MOST_TEXT: Final = 8 << 20
"""Bytes of a record; real ones have some ten thousand."""
_LARGEST_PICTURE: Final = 2048
"""Pixels on a side."""
_MOST_PICTURE: Final = 4 << 20
"""Bytes of a picture; real ones have some ten thousand."""

ARRAYS: Final[Mapping[str, str]] = {
    "identity_vertices": "(I, V, 3) float32: neutral heads, draw by draw, as they are shown",
    "identity_joints": "(I, J, 3) float32: joints of those heads, metres",
    "identity_coefficients": "(N, K) float32: every candidate, in the order drawn",
    "identity_scores": "(N,) float32: ranking score of every candidate, higher is better",
    "identity_order": "(N,) int32: candidates from best to worst",
    "identity_spread": "(V,) float32: metres, root mean square distance from their mean head; of"
    " the candidates that the photos alone tell of, as all that says how certain they are",
    "expression_vertices": "(E, V, 3) float32: the best head with each expression",
    "expression_coefficients": "(E, X) float32: the pack's expression coefficients",
    "polygons": "(F, 4) int32: quads, counter-clockwise from outside; -1 last in a triangle",
    "uv": "(F, 4, 2) float32: per polygon corner",
    "part": "(F,) uint8: index into the record's `parts`",
    "skin_weights": "(V, J) float32: rows sum to 1",
    "vertex_visible": "(V,) float32: how well the photos show each vertex, 0..1",
    "evidence_points": "(M, P, 2) float32: predicted landmarks in each of M photos, photo pixels",
    "evidence_deviation": "(M, P) float32: their standard deviation, photo pixels",
    "evidence_visible": "(M, P) float32: how likely each is seen, 0..1",
    "evidence_vertices": "(P,) int32: the head's vertex of each",
    "expression_shift": "(M, P, 3) float32: metres that each photo's expression moves them",
    "context_identity": "(1, C) float32: IdGen's context",
    "context_ranking": "(1, D) float32: IdRank's context",
    "context_expression": "(M, B) float32: ExpGen's context of each photo",
}

OPTIONAL_ARRAYS: Final[Mapping[str, str]] = {
    "identity_modes": "(R, V, 3) float16: metres, 1 deviation along each independent direction in"
    " which the candidates vary, the largest first",
    "shape_spread": "(V,) float32: metres, as identity_spread, but for size, place and turn, which"
    " no photo shows",
    "prior_spread": "(V,) float32: metres, the same of people of whom there is no photo",
    "hint_values": "(N, 3) float32: where every candidate lies on the axes of age, sex and build,"
    " deviations of people",
    "hint_gram": "(3, 3) float32: covariance of those axes among the candidates",
    "hint_pushes": "(3, V, 3) float16: metres, covariance of those axes with each vertex",
    "part_masks": "(9, V) float16: how far each vertex is of each of FACE_PARTS, 0..1",
    "arkit_units": "(52, V, 3) float32: metres that each ARKit unit moves the best head, ARKIT_52",
    "expression_arkit": "(E, 52) float32: each expression in ARKit units, 0..1",
    "expression_arkit_residual": "(E,) float32: metres, root mean square, that those leave over",
    "jaw_correctives": "(2, V, 3) float32: metres that the model adds, before skinning, to a jaw"
    " opened by an angle a: sin a times the first and 1 - cos a times the second",
    "iris_colour": "(3,) float32: sRGB in 0..1, of the irises under white light, where seen",
}


@dataclass(frozen=True)
class Reconstruction:
    """The record of one reconstruction; its arrays stay on disk until asked for.

    views : the photos, all of one person, the main one first.
    """

    name: str
    created: str
    views: tuple[View, ...]
    pack: PackRecord
    settings: SettingsRecord
    identities: tuple[Hypothesis, ...]
    expressions: tuple[Hypothesis, ...]
    expression_names: tuple[str, ...]
    joints: tuple[str, ...]
    joint_parents: tuple[int, ...]
    parts: tuple[str, ...]
    notes: tuple[Sentence, ...]
    additions: tuple[Addition, ...] = ()
    folder: Path = Path()

    @property
    def photo(self) -> PhotoRecord:
        """The main photo."""
        return self.views[0].photo

    @property
    def face(self) -> FaceRecord:
        """The face in the main photo."""
        return self.views[0].face

    @property
    def camera(self) -> CameraRecord:
        """The main photo's camera."""
        return self.views[0].camera

    def has(self, name: str) -> bool:
        """Whether an array of `OPTIONAL_ARRAYS` is there."""
        return is_plain(self.folder / f"{name}.npy")

    def array(self, name: str) -> np.ndarray:
        """One array of `ARRAYS` or `OPTIONAL_ARRAYS`: of its form, finite, pointing at what is
        there.

        Raises OferError(RECONSTRUCTION_DAMAGED).
        """
        try:
            lengths = self._lengths(name, *_POINTS_INTO.get(name, ()))
            values = read_array(self.folder / f"{name}.npy")
        except (OSError, ValueError) as cause:
            raise _damaged(
                self.folder, Sentence("its array {name} cannot be read", name=name)
            ) from cause
        if not is_sound(name, values, lengths):
            raise _damaged(self.folder, Sentence("its array {name} has the wrong form", name=name))
        return values

    def numbers(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """One array of a shape, None for any length.

        Raises OferError(RECONSTRUCTION_DAMAGED).
        """
        values = self.array(name)
        fits = values.ndim == len(shape) and all(
            wanted in (None, had) for wanted, had in zip(shape, values.shape, strict=True)
        )
        if not fits:
            raise _damaged(self.folder, Sentence("its array {name} has the wrong form", name=name))
        return values

    def picture(self, hypothesis: Hypothesis) -> bytes:
        """The PNG of a hypothesis. Raises OferError(RECONSTRUCTION_DAMAGED)."""
        try:
            data = read_piece(self.thumbnail(hypothesis), _MOST_PICTURE)
            if max(png_size(data) or (0,)) > _LARGEST_PICTURE:
                raise ValueError("it is larger than any picture of a head")
            return data
        except (OSError, ValueError) as cause:
            raise _damaged(
                self.folder, Sentence("its picture {name} cannot be read", name=hypothesis.name)
            ) from cause

    def _lengths(self, *names: str) -> dict[str, int]:
        """Lengths of the letters of these arrays and of the record; only headers are read.

        Raises OSError, and ValueError with the name of an array that does not agree.
        """
        known = {
            "I": len(self.identities),
            "E": len(self.expressions),
            "M": len(self.views),
            "J": len(self.joints),
            "parts": len(self.parts),
        }
        return agreed(((name, _FORMS[name], self._header(name)) for name in names), known)

    def _header(self, name: str) -> ArrayHeader:
        try:
            return read_header(self.folder / f"{name}.npy")
        except (OSError, ValueError) as cause:
            raise ValueError(name) from cause

    def check(self) -> None:
        """That the record and the forms of all arrays agree. Raises
        OferError(RECONSTRUCTION_DAMAGED)."""
        if not makes_sense(self):
            raise _damaged(self.folder, Sentence("its {record} cannot be read", record=RECORD))
        try:
            lengths = self._lengths(*ARRAYS, *(name for name in OPTIONAL_ARRAYS if self.has(name)))
        except ValueError as cause:
            raise _damaged(
                self.folder, Sentence("its array {name} has the wrong form", name=cause)
            ) from cause
        drawn = [each.candidate for each in self.identities]
        drawn += [
            row for addition in self.additions for row in (*addition.rows, addition.first - 1)
        ]
        expressed = [each.candidate for each in self.expressions]
        if max(drawn) >= lengths["N"] or max(expressed, default=-1) >= lengths["E"]:
            raise _damaged(self.folder, Sentence("its {record} cannot be read", record=RECORD))

    def thumbnail(self, hypothesis: Hypothesis) -> Path:
        """Where the picture of a hypothesis lies."""
        return self.folder / THUMBNAILS / f"{hypothesis.name}.png"


_FORMS: Final = {name: Form.of(text) for name, text in {**ARRAYS, **OPTIONAL_ARRAYS}.items()}
_POINTS_INTO: Final[Mapping[str, tuple[str, ...]]] = {
    "polygons": ("identity_vertices",),
    "evidence_vertices": ("identity_vertices",),
}
"""Arrays that hold indices, and the array that they count in where it is another."""


def read(folder: Path) -> Reconstruction:
    """Read the record of a `NAME.ofer` folder and check it against the headers of its arrays.

    A folder may come from a stranger: nothing of it is believed before it was checked, and nothing
    large is read. Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    folder = Path(folder)
    try:
        fields = strict_json.parse_object(read_piece(folder / RECORD, _MOST_TEXT))
        version = fields.pop("format", None)
        if type(version) is int and version != FORMAT_VERSION:
            raise _of_another_version(folder, version)
        if type(version) is not int or "folder" in fields:
            raise ValueError("it is no record")
        record = dataclasses.replace(from_fields(Reconstruction, fields), folder=folder)
    except (OSError, ValueError) as cause:
        raise _damaged(folder, Sentence("its {record} cannot be read", record=RECORD)) from cause
    record.check()
    return record


def to_json(reconstruction: Reconstruction) -> str:
    """The text of the record's file. Raises ValueError for a number that is not finite."""
    fields = {"format": FORMAT_VERSION} | to_fields(reconstruction)
    del fields["folder"]
    return json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False)


def _of_another_version(folder: Path, version: int) -> OferError:
    if version == _BEFORE_RELEASES:
        return _damaged(
            folder,
            "it was made before OFER Faces kept all that the networks read in the photo",
        )
    return _damaged(
        folder,
        "it was written by a newer version of OFER Faces",
        hint="Update OFER Faces and open it again.",
    )


def _damaged(
    folder: Path,
    why: str,
    hint: str = "Reconstruct the photo again, or choose another NAME.ofer folder.",
) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "{name} is not a readable reconstruction: {why}.",
        hint,
        name=folder.name,
        why=Sentence(why),
    )
