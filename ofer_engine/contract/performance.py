"""How a person moved in a video, on disk: the folder `performance` inside a `NAME.ofer`.

    performance/
      performance.json   the record below
      ARRAY.npy          one file per array of `ARRAYS`

`handlers/perform.py` writes it. The head that it is meant for is the reconstruction's first.
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
from .arkit import ARKIT_52
from .errors import ErrorCode, OferError
from .face_motion import FaceMotion
from .fields import from_fields, to_fields
from .files.array_file import read_array, read_header
from .files.pieces import read_piece

FORMAT: Final = 1
FOLDER: Final = "performance"
"""Its name inside a `NAME.ofer`."""
RECORD: Final = "performance.json"
MOST_FRAMES: Final = 400_000
_MOST_TEXT: Final = 1 << 20
_LARGEST: Final = 1 << 16
_UNITS: Final = len(ARKIT_52)
_SIDES: Final[Mapping[str, tuple[int, ...]]] = {
    "seconds": (),
    "weights": (_UNITS,),
    "deviation": (_UNITS,),
    "head": (3,),
    "place": (3,),
    "left_eye": (3,),
    "right_eye": (3,),
    "jaw": (),
    "confidence": (),
    "bridged": (),
    "cut": (),
}
_LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "seconds": (0.0, 1e6),
    "weights": (0.0, 1.0),
    "deviation": (0.0, np.inf),
    "confidence": (0.0, 1.0),
    "bridged": (0, 1),
    "cut": (0, 1),
}
ARRAYS: Final[Mapping[str, str]] = {
    "seconds": "(F,) float64: since the first frame, rising",
    "weights": "(F, 52) float32: of ARKIT_52, 0..1",
    "deviation": "(F, 52) float32: standard deviation of what is noise in the weights",
    "head": "(F, 3) float32: radians yaw, pitch, roll of the head to the camera, as FaceMotion",
    "place": "(F, 3) float32: metres, the head's origin in the camera's frame, x right, y up,"
    " z towards the viewer",
    "left_eye": "(F, 3) float32: radians yaw, pitch, roll against the head, as FaceMotion",
    "right_eye": "(F, 3) float32: the same",
    "jaw": "(F,) float32: radians that the jaw is open",
    "confidence": "(F,) float32: 0..1, how surely and how much of the face is seen",
    "bridged": "(F,) uint8: 1 where the face is not seen and its movement is made up",
    "cut": "(F,) uint8: 1 where another shot begins",
}


@dataclass(frozen=True)
class Performance:
    """The record of a performance; its arrays stay on disk until asked for.

    video : name of the file or folder; sha256 : of its content, of a folder of its list; frames :
    F; rate : frames a second; focal : pixels; width, height : of a frame, pixels; rest : (52,)
    weights that the reading gave the resting face, taken off; chosen : frames that the head was
    made from.
    """

    video: str
    sha256: str
    frames: int
    rate: float
    focal: float
    width: int
    height: int
    rest: tuple[float, ...]
    chosen: tuple[int, ...]
    folder: Path = Path()

    def array(self, name: str) -> np.ndarray:
        """One array of `ARRAYS`. Raises OferError(RECONSTRUCTION_DAMAGED)."""
        try:
            values = _array(self.folder / f"{name}.npy", name, self.frames)
        except (OSError, ValueError) as cause:
            raise _damaged(self.folder) from cause
        return values

    def motion(self) -> FaceMotion:
        """All of it that takes of other programs have. Raises as `array`."""
        eyes = [self.array(name).astype(np.float64) for name in ("left_eye", "right_eye")]
        return FaceMotion(
            self.array("seconds"),
            self.array("weights").astype(np.float64),
            self.array("head").astype(np.float64),
            *eyes,
        )


def read(folder: Path) -> Performance:
    """Read the record, and check it against the headers of its arrays; a stranger may have written
    it. Raises OferError(RECONSTRUCTION_DAMAGED)."""
    folder = Path(folder)
    try:
        fields = strict_json.parse_object(read_piece(folder / RECORD, _MOST_TEXT))
        if fields.pop("format", None) != FORMAT or "folder" in fields:
            raise ValueError("it is of another format")
        record = dataclasses.replace(from_fields(Performance, fields), folder=folder)
        if not _makes_sense(record):
            raise ValueError("its numbers make no sense")
        for name in ARRAYS:
            _check_header(folder / f"{name}.npy", name, record.frames)
    except (OSError, ValueError) as cause:
        raise _damaged(folder) from cause
    return record


def to_json(record: Performance) -> str:
    """The text of the record's file. Raises ValueError for a number that is not finite."""
    fields = {"format": FORMAT} | to_fields(record)
    del fields["folder"]
    return json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False)


def _makes_sense(record: Performance) -> bool:
    return (
        1 <= record.frames <= MOST_FRAMES
        and 0 < record.rate <= 1000
        and 0 < record.focal < 1e6
        and 1 <= record.width <= _LARGEST
        and 1 <= record.height <= _LARGEST
        and len(record.rest) == _UNITS
        and all(0 <= value < 1 for value in record.rest)
        and all(0 <= frame < record.frames for frame in record.chosen)
    )


def _dtype(name: str) -> np.dtype:
    return np.dtype(ARRAYS[name].split(")", 1)[1].split(":")[0].strip())


def _check_header(path: Path, name: str, frames: int) -> None:
    header = read_header(path)
    if header.shape != (frames, *_SIDES[name]) or header.dtype.newbyteorder("=") != _dtype(name):
        raise ValueError(name)


def _array(path: Path, name: str, frames: int) -> np.ndarray:
    _check_header(path, name, frames)
    values = read_array(path)
    low, high = _LIMITS.get(name, (-1e6, 1e6))
    if not np.isfinite(values).all() or values.min() < low or values.max() > high:
        raise ValueError(name)
    if name == "seconds" and (np.diff(values) < 0).any():
        raise ValueError(name)
    return values


def _damaged(folder: Path) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "The performance in {name} cannot be read.",
        "Read the video again, or choose another NAME.ofer folder.",
        name=folder.parent.name or folder.name,
    )
