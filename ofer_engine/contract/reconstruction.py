"""A reconstruction on disk: the folder `NAME.ofer` that the engine writes and everyone reads.

    NAME.ofer/
      reconstruction.json      the record below: what was done, with what, and how sure it is
      ARRAY.npy                one file per array of `ARRAYS`
      thumbnails/NAME.png      one picture per hypothesis, named as the hypothesis is

Vertices are metres in the engine frame: Y up, +Z out of the face, +X to the subject's left.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from .errors import ErrorCode, OferError

FORMAT_VERSION: Final = 1


class Mode(StrEnum):
    """How the networks are driven; what is published has quirks that research must repeat."""

    CORRECTED = "corrected"
    AS_PUBLISHED = "as-published"


SUFFIX: Final = ".ofer"
RECORD: Final = "reconstruction.json"
THUMBNAILS: Final = "thumbnails"

ARRAYS: Final[Mapping[str, str]] = {
    "identity_vertices": "(I, V, 3) float32: neutral heads, best rank first",
    "identity_joints": "(I, J, 3) float32: joints of those heads, metres",
    "identity_coefficients": "(N, K) float32: every candidate, in the order drawn",
    "identity_scores": "(N,) float32: ranking score of every candidate, higher is better",
    "identity_order": "(N,) int32: candidates from best to worst",
    "expression_vertices": "(E, V, 3) float32: the best head with each expression",
    "expression_coefficients": "(E, X) float32: the pack's expression coefficients",
    "polygons": "(F, 4) int32: quads, counter-clockwise from outside; -1 last in a triangle",
    "uv": "(F, 4, 2) float32: per polygon corner",
    "part": "(F,) uint8: index into the record's `parts`",
    "skin_weights": "(V, J) float32: rows sum to 1",
    "evidence_points": "(P, 2) float32: predicted landmarks, photo pixels",
    "evidence_deviation": "(P,) float32: their standard deviation, photo pixels",
    "evidence_visible": "(P,) float32: how likely each is seen, 0..1",
    "evidence_vertices": "(P,) int32: the head's vertex of each",
}


@dataclass(frozen=True)
class PhotoRecord:
    """The photo itself is not kept. name : file name without folders; sha256 : of the file."""

    name: str
    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class FaceRecord:
    """box : (x, y, w, h) photo pixels; by_hand : placed by the user; confidence : 0..1."""

    box: tuple[float, ...]
    by_hand: bool
    confidence: float
    low_confidence: bool


@dataclass(frozen=True)
class CameraRecord:
    """Pinhole camera of the photo, frames as in `ofer_engine/heads/camera.py`.

    focal : pixels; centre : (2,) pixels; rotation : (9,) row-major; translation : (3,) metres;
    focal_known : read from the photo's EXIF, not assumed.
    """

    focal: float
    centre: tuple[float, ...]
    rotation: tuple[float, ...]
    translation: tuple[float, ...]
    width: int
    height: int
    focal_known: bool


@dataclass(frozen=True)
class PackRecord:
    """licence : SPDX name or title; claim : what a likeness from this pack may be called."""

    id: str
    version: str
    title: str
    licence: str
    commercial: bool
    claim: str
    fingerprint: str


@dataclass(frozen=True)
class SettingsRecord:
    """What must be the same for the same bits on the same device."""

    seed: int
    sampler: str
    steps: int
    identities: int
    keep: int
    expressions: int
    device: str
    threads: int
    engine: str
    torch: str
    mode: str = Mode.CORRECTED


@dataclass(frozen=True)
class Hypothesis:
    """name : as the shape key and thumbnail are called; candidate : row of the coefficients.

    score : of an identity, the ranker's softmax share among all candidates (1/N knows nothing);
    of an expression 0: they are in the order of how typical they are.
    """

    name: str
    rank: int
    score: float
    candidate: int


@dataclass(frozen=True)
class Reconstruction:
    """The record of one reconstruction; its arrays stay on disk until asked for."""

    name: str
    created: str
    photo: PhotoRecord
    face: FaceRecord
    camera: CameraRecord
    pack: PackRecord
    settings: SettingsRecord
    identities: tuple[Hypothesis, ...]
    expressions: tuple[Hypothesis, ...]
    expression_names: tuple[str, ...]
    joints: tuple[str, ...]
    joint_parents: tuple[int, ...]
    parts: tuple[str, ...]
    notes: tuple[str, ...]
    folder: Path = Path()

    def array(self, name: str) -> np.ndarray:
        """One array of `ARRAYS`. Raises OferError(RECONSTRUCTION_DAMAGED)."""
        try:
            return np.load(self.folder / f"{name}.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError) as cause:
            raise _damaged(self.folder, f"its array {name} cannot be read") from cause

    def thumbnail(self, hypothesis: Hypothesis) -> Path:
        """Where the picture of a hypothesis lies."""
        return self.folder / THUMBNAILS / f"{hypothesis.name}.png"


def read(folder: Path) -> Reconstruction:
    """Read the record of a `NAME.ofer` folder. Raises OferError(RECONSTRUCTION_DAMAGED)."""
    folder = Path(folder)
    try:
        fields = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if fields.pop("format") != FORMAT_VERSION:
            raise _damaged(folder, "it was written by another version of OFER Faces")
        return dataclasses.replace(_build(Reconstruction, fields), folder=folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder, f"its {RECORD} cannot be read") from cause


def write(
    reconstruction: Reconstruction,
    arrays: Mapping[str, np.ndarray],
    thumbnails: Mapping[str, bytes],
) -> Reconstruction:
    """Write a whole folder at `reconstruction.folder`, replacing an older one only when complete.

    arrays : every name of `ARRAYS`; thumbnails : PNG bytes by hypothesis name.
    Raises OferError(DISK_FULL | READ_ONLY); then nothing is left behind.
    """
    if set(arrays) != set(ARRAYS):
        raise ValueError(f"arrays differ from ARRAYS by {sorted(set(arrays) ^ set(ARRAYS))}")
    folder = reconstruction.folder
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.unfinished")
    try:
        (unfinished / THUMBNAILS).mkdir(parents=True)
        for name, values in arrays.items():
            np.save(unfinished / f"{name}.npy", values, allow_pickle=False)
        for name, picture in thumbnails.items():
            (unfinished / THUMBNAILS / f"{name}.png").write_bytes(picture)
        (unfinished / RECORD).write_text(_to_json(reconstruction), encoding="utf-8")
        _replace(unfinished, folder)
    except OSError as cause:
        raise _unwritable(folder, cause) from cause
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return reconstruction


def _replace(finished: Path, folder: Path) -> None:
    older = finished.with_name(finished.name + ".older")
    if folder.exists():
        folder.rename(older)
    finished.rename(folder)
    shutil.rmtree(older, ignore_errors=True)


def _to_json(reconstruction: Reconstruction) -> str:
    fields = {"format": FORMAT_VERSION} | dataclasses.asdict(reconstruction)
    del fields["folder"]
    return json.dumps(fields, indent=1, ensure_ascii=False)


def _build(kind: type, fields: dict) -> typing.Any:
    hints = typing.get_type_hints(kind)
    return kind(**{name: _field(hints[name], value) for name, value in fields.items()})


def _field(hint: typing.Any, value: typing.Any) -> typing.Any:
    if typing.get_origin(hint) is tuple:
        return tuple(_field(typing.get_args(hint)[0], item) for item in value)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value)
    if not isinstance(value, (int, float) if hint is float else hint):
        raise TypeError(f"{value!r} is no {hint.__name__}")
    return hint(value)


def _damaged(folder: Path, why: str) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        f"{folder.name} is not a readable reconstruction: {why}.",
        "Reconstruct the photo again, or choose another NAME.ofer folder.",
    )


def _unwritable(folder: Path, cause: OSError) -> OferError:
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return OferError(
            ErrorCode.DISK_FULL,
            f"The disk is full: {folder.name} could not be written.",
            "Free some space (a reconstruction takes about 5 MB) and run it again.",
        )
    return OferError(
        ErrorCode.READ_ONLY,
        f"{folder.name} could not be written to {folder.parent}: {cause.strerror}.",
        "Choose an output folder that you may write to.",
    )
