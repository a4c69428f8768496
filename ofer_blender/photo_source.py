"""Where the photo is: a file, or an image of the .blend written where the engine can read it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy

from ..ofer_engine.contract.errors import ErrorCode, OferError
from . import compat

MAX_PIXELS: Final = 50_000_000
_FALLBACK_NAME: Final = "photo"


@dataclass(frozen=True)
class PhotoSource:
    """key : tells two photos apart; name : for the reconstruction; path : what the engine reads;
    temporary : the path is ours to delete."""

    key: str
    name: str
    path: Path
    temporary: bool = False

    def discard(self) -> None:
        """Delete what was written for the engine."""
        if self.temporary:
            self.path.unlink(missing_ok=True)


def chosen(settings: bpy.types.PropertyGroup) -> PhotoSource:
    """The photo that the panel shows.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE | PHOTO_TOO_LARGE).
    """
    return _from_image(settings.image) if settings.source == "IMAGE" else from_file(settings.photo)


def key(settings: bpy.types.PropertyGroup) -> str:
    """What tells the chosen photo from others, or "" if none is chosen."""
    if settings.source == "IMAGE":
        return f"image:{settings.image.name_full}" if settings.image else ""
    return f"file:{bpy.path.abspath(settings.photo)}" if settings.photo else ""


def from_file(photo: str) -> PhotoSource:
    """A photo on disk; `//` starts at the .blend. Raises OferError(PHOTO_MISSING)."""
    path = Path(bpy.path.abspath(photo))
    if not photo or not path.is_file():
        raise OferError(
            ErrorCode.PHOTO_MISSING,
            f"There is no photo {path.name!r}." if photo else "No photo is chosen.",
            "Choose a photo of a face.",
        )
    return PhotoSource(f"file:{path}", path.stem, path)


def _from_image(image: bpy.types.Image | None) -> PhotoSource:
    if image is None:
        raise OferError(
            ErrorCode.PHOTO_MISSING, "No image is chosen.", "Choose an image of this file."
        )
    source_key = f"image:{image.name_full}"
    name = Path(image.name).stem or _FALLBACK_NAME
    on_disk = Path(bpy.path.abspath(image.filepath, library=image.library))
    if image.source == "FILE" and not image.is_dirty:
        if image.packed_file:
            path = _temporary(on_disk.suffix or ".png")
            path.write_bytes(image.packed_file.data)
            return PhotoSource(source_key, name, path, temporary=True)
        if on_disk.is_file():
            return PhotoSource(source_key, name, on_disk)
    _check_pixels(image)
    return PhotoSource(source_key, name, _write(image), temporary=True)


def _check_pixels(image: bpy.types.Image) -> None:
    width, height = image.size
    if not width:
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            f"The image {image.name!r} has no pixels.",
            "Choose another image, or save this one to a file first.",
        )
    if width * height > MAX_PIXELS:
        raise OferError(
            ErrorCode.PHOTO_TOO_LARGE,
            f"The image {image.name!r} has {width * height / 1e6:.0f} million pixels.",
            f"Scale it to at most {MAX_PIXELS / 1e6:.0f} million.",
        )


def _write(image: bpy.types.Image) -> Path:
    """The pixels as a BMP, which is quicker to write than any compressed kind."""
    path = _temporary(".bmp")
    try:
        compat.save_copy(image, str(path), "BMP")
    except RuntimeError as cause:
        path.unlink()
        raise OferError(
            ErrorCode.PHOTO_UNREADABLE,
            f"Blender cannot write the image {image.name!r}: {cause}",
            "Choose another image, or save this one to a file first.",
        ) from cause
    return path


def _temporary(suffix: str) -> Path:
    with tempfile.NamedTemporaryFile(prefix="ofer_photo_", suffix=suffix, delete=False) as file:
        return Path(file.name)
