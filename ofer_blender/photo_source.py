"""Where the photo is: a file, or an image of the .blend written where the engine can read it."""

from __future__ import annotations

import struct
import tempfile
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ..ofer_engine.contract.errors import ErrorCode, OferError

MAX_PIXELS: Final = 50_000_000
_FALLBACK_NAME: Final = "photo"


@dataclass(frozen=True)
class PhotoSource:
    """key : tells two photos apart; name : for the reconstruction; path : what the engine reads;
    temporary : the path is ours to delete; writer : the thread still writing it, if any."""

    key: str
    name: str
    path: Path
    temporary: bool = False
    writer: threading.Thread | None = None

    @property
    def ready(self) -> bool:
        """The file is complete."""
        return self.writer is None or not self.writer.is_alive()

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
    pixels = _pixels(image)
    path = _temporary(".png")
    writer = threading.Thread(target=_write_png, args=(path, pixels), name="ofer-photo")
    writer.start()
    return PhotoSource(source_key, name, path, temporary=True, writer=writer)


def _pixels(image: bpy.types.Image) -> np.ndarray:
    """(H, W, channels) float32, bottom row first."""
    width, height = image.size
    if not image.has_data and not width:
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
    values = np.empty(width * height * image.channels, dtype=np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, image.channels)


def _temporary(suffix: str) -> Path:
    with tempfile.NamedTemporaryFile(prefix="ofer_photo_", suffix=suffix, delete=False) as file:
        return Path(file.name)


def _write_png(path: Path, pixels: np.ndarray) -> None:
    """(H, W, 1..4) float, bottom row first, 0..1 -> 8-bit RGB PNG; alpha is left out."""
    colour = pixels[::-1, :, :3] if pixels.shape[2] >= 3 else pixels[::-1, :, :1].repeat(3, axis=2)
    height, width = colour.shape[:2]
    rows = np.zeros((height, 1 + width * 3), dtype=np.uint8)  # each row starts with filter 0
    rows[:, 1:] = np.clip(colour * 255 + 0.5, 0, 255).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 1)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
