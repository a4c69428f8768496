"""A painted skin on disk, as the engine writes it for a head of a reconstruction.

    FOLDER/
      skin.json      the record below
      albedo.png     (R, R) sRGB colours without the photo's light
      normal.png     (R, R) fine detail, tangent space, green up
      roughness.png  (R, R) grey, of a Principled BSDF
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

from . import strict_json
from .errors import ErrorCode, OferError
from .fields import from_fields
from .files.array_file import read_array
from .files.pieces import open_piece, read_piece
from .files.png_size import HEAD, png_size

FORMAT: Final = 1
FOLDER: Final = "skin"
"""Its name inside a `NAME.ofer`."""
RECORD: Final = "skin.json"
ALBEDO: Final = "albedo.png"
NORMAL: Final = "normal.png"
ROUGHNESS: Final = "roughness.png"
SEEN: Final = "seen.png"
UV: Final = "uv.npy"
FILES: Final = (RECORD, ALBEDO, NORMAL, ROUGHNESS, SEEN, UV)
RESOLUTIONS: Final = (512, 1024, 2048, 4096)
_MOST_TEXT: Final = 1 << 16
_MOST_PICTURE: Final = 128 << 20
"""Bytes; 4096 x 4096 colours as they are have 48 million."""


class Layout(StrEnum):
    """FACE : a map of our own in which the face takes the middle; HEAD : the head's own UVs."""

    FACE = "face"
    HEAD = "head"


@dataclass(frozen=True)
class Skin:
    """resolution : pixels; layout : a `Layout`; photos : sha256 of the files it was painted from;
    tone : (3,) sRGB 0..1, the person's skin; share : 0..1, how much of the face comes straight from
    the photos; digests : sha256 of the files as they were made, those of FILES after the record;
    none in older skins."""

    resolution: int
    layout: str
    photos: tuple[str, ...]
    tone: tuple[float, ...]
    share: float
    digests: tuple[str, ...] = ()
    folder: Path = Path()

    @property
    def albedo(self) -> Path:
        """Its colours."""
        return self.folder / ALBEDO

    def digest(self, name: str) -> str:
        """Of one of its files as it was made; "" where it is not known."""
        known = zip(FILES[1:], self.digests, strict=False)
        return next((digest for file, digest in known if file == name), "")

    @property
    def normal(self) -> Path | None:
        """Its normal map; None in older skins."""
        return self._map(NORMAL)

    @property
    def roughness(self) -> Path | None:
        """Its roughness; None in older skins."""
        return self._map(ROUGHNESS)

    def _map(self, name: str) -> Path | None:
        path = self.folder / name
        return path if _side(path) == (self.resolution, self.resolution) else None

    def uv(self) -> np.ndarray:
        """(F, 4, 2) float32. Raises OferError(RECONSTRUCTION_DAMAGED)."""
        try:
            uv = read_array(self.folder / UV)
        except (OSError, ValueError) as cause:
            raise _damaged(self.folder) from cause
        if uv.dtype != np.float32 or uv.shape[1:] != (4, 2) or not np.isfinite(uv).all():
            raise _damaged(self.folder)
        return uv


def read(folder: Path) -> Skin:
    """Read the record of a painted skin, which a stranger may have written.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    try:
        fields = strict_json.parse_object(read_piece(folder / RECORD, _MOST_TEXT))
        if fields.pop("format", None) != FORMAT:
            raise ValueError("it is of another format")
        if "folder" in fields:
            raise ValueError("it is no record")
        skin = dataclasses.replace(from_fields(Skin, fields), folder=folder)
    except (OSError, ValueError) as cause:
        raise _damaged(folder) from cause
    if not _makes_sense(skin):
        raise _damaged(folder)
    return skin


def _makes_sense(skin: Skin) -> bool:
    return (
        1 <= skin.resolution <= max(RESOLUTIONS)
        and skin.layout in tuple(Layout)
        and len(skin.tone) == 3
        and all(0 <= each <= 1 for each in (*skin.tone, skin.share))
        and _side(skin.albedo) == (skin.resolution, skin.resolution)
    )


def _side(picture: Path) -> tuple[int, int] | None:
    try:
        with open_piece(picture, _MOST_PICTURE) as file:
            return png_size(file.read(HEAD))
    except OSError:
        return None


def to_json(skin: Skin) -> str:
    """The text of the record's file."""
    fields = {"format": FORMAT} | dataclasses.asdict(skin)
    del fields["folder"]
    return json.dumps(fields, indent=1)


def _damaged(folder: Path) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "The painted skin in {name} cannot be read.",
        "Make the skin from the photo again.",
        name=folder.name,
    )
