"""A painted skin on disk, as the engine writes it for a head of a reconstruction.

    FOLDER/
      skin.json      the record below
      albedo.png     (R, R) sRGB colours without the photo's light
      seen.png       (R, R) grey, how far each texel comes straight from a photo
      uv.npy         (F, 4, 2) float32, the UVs it is painted in, per polygon corner

It shows a person: it is made only where somebody asks for it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from .errors import ErrorCode, OferError
from .fields import from_fields

FORMAT: Final = 1
FOLDER: Final = "skin"
"""Its name inside a `NAME.ofer`."""
RECORD: Final = "skin.json"
ALBEDO: Final = "albedo.png"
SEEN: Final = "seen.png"
UV: Final = "uv.npy"
RESOLUTIONS: Final = (512, 1024, 2048, 4096)


class Layout(StrEnum):
    """FACE : a map of our own in which the face takes the middle; HEAD : the head's own UVs."""

    FACE = "face"
    HEAD = "head"


@dataclass(frozen=True)
class Skin:
    """resolution : pixels; layout : a `Layout`; photos : sha256 of the files it was painted from;
    tone : (3,) sRGB 0..1, the person's skin; share : 0..1, how much of the face comes straight from
    the photos."""

    resolution: int
    layout: str
    photos: tuple[str, ...]
    tone: tuple[float, ...]
    share: float
    folder: Path = Path()

    @property
    def albedo(self) -> Path:
        """Its picture."""
        return self.folder / ALBEDO

    def uv(self) -> np.ndarray:
        """(F, 4, 2) float32. Raises OferError(RECONSTRUCTION_DAMAGED)."""
        try:
            uv = np.load(self.folder / UV, allow_pickle=False)
        except (OSError, ValueError, EOFError) as cause:
            raise _damaged(self.folder) from cause
        if uv.ndim != 3 or uv.shape[1:] != (4, 2) or not np.isfinite(uv).all():
            raise _damaged(self.folder)
        return np.ascontiguousarray(uv, np.float32)


def read(folder: Path) -> Skin:
    """Read the record of a painted skin. Raises OferError(RECONSTRUCTION_DAMAGED)."""
    try:
        fields = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if fields.pop("format") != FORMAT:
            raise _damaged(folder)
        return dataclasses.replace(from_fields(Skin, fields), folder=folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise _damaged(folder) from cause


def to_json(skin: Skin) -> str:
    """The text of the record's file."""
    fields = {"format": FORMAT} | dataclasses.asdict(skin)
    del fields["folder"]
    return json.dumps(fields, indent=1)


def _damaged(folder: Path) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        f"The painted skin in {folder.name} cannot be read.",
        "Make the skin from the photo again.",
    )
