"""How large a picture of the .blend is, without opening what is no file or far too large."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import bpy

from ..ofer_engine.contract.errors import ErrorCode, OferError
from ..ofer_engine.contract.files.png_size import png_size

MOST: Final = 16384 * 16384
"""Pixels: what says that it has more is not opened."""
_JPEG: Final = b"\xff\xd8"
_HEADER: Final = 1 << 16


def image_size(image: bpy.types.Image) -> tuple[int, int]:
    """Width and height, pixels; (0, 0) where there are none.

    Blender opens what a picture names as it is asked for its size, and waits for a pipe for ever;
    it makes the pixels of one that is generated.
    """
    if image.has_data:
        width, height = image.size
        return width, height
    if image.source == "GENERATED":
        return image.generated_width, image.generated_height
    if image.source == "FILE":
        path = Path(bpy.path.abspath(image.filepath, library=image.library))
        if not (image.packed_file or path.is_file()):
            return 0, 0
        width, height = _declared(_begin(image, path))
        if width * height > MOST:
            return width, height
    width, height = image.size
    return width, height


def refused(
    image: bpy.types.Image, size: tuple[int, int], most: int, code: ErrorCode
) -> OferError | None:
    """What refuses an image of more than `most` pixels. size : width and height, as `image_size`
    has them."""
    pixels = size[0] * size[1]
    if pixels <= most:
        return None
    return OferError(
        code,
        "The image {name} has {height:.0f} million pixels.",
        "Scale it to at most {pixels:.0f} million.",
        name=repr(image.name),
        height=pixels / 1e6,
        pixels=most / 1e6,
    )


def _begin(image: bpy.types.Image, path: Path) -> bytes:
    if image.packed_file:
        return bytes(image.packed_file.data[:_HEADER])
    try:
        with path.open("rb") as file:
            return file.read(_HEADER)
    except OSError:
        return b""


def _declared(data: bytes) -> tuple[int, int]:
    """What the first bytes of a PNG or JPEG say; (0, 0) where they say nothing."""
    try:
        return png_size(data) or (_of_jpeg(data) if data.startswith(_JPEG) else (0, 0))
    except (struct.error, IndexError):
        return 0, 0


def _of_jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while data[at] == 0xFF:
        kind = data[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 1 if kind == 0xFF else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return 0, 0
