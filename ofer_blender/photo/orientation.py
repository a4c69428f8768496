"""Which way up a photo is: the EXIF tag that the engine obeys and Blender does not read. No bpy."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

UPRIGHT: Final = 1
_TAG: Final = 0x0112  # Orientation, EXIF 2.32 § 4.6.4 A
_APP1, _SCAN = 0xE1, 0xDA
_MOST: Final = 1 << 18  # bytes: EXIF stands at the head of a file


def orientation(path: Path) -> int:
    """1..8 as EXIF counts; 1, upright, where the file says nothing or is no JPEG, TIFF or PNG."""
    try:
        with path.open("rb") as file:
            head = file.read(_MOST)
    except OSError:
        return UPRIGHT
    try:
        found = _in_tiff(_tiff_part(head))
    except (struct.error, IndexError):
        return UPRIGHT
    return found if 1 <= found <= 8 else UPRIGHT


def turn(kind: int) -> tuple[float, bool]:
    """(clockwise quarter turns, mirrored left to right before turning) that show it upright."""
    return {
        1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True),
        5: (3, True), 6: (1, False), 7: (1, True), 8: (3, False),
    }[kind]  # fmt: skip


def _tiff_part(data: bytes) -> bytes:
    if data[:2] in (b"II", b"MM"):
        return data
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        start = data.find(b"eXIf")
        return data[start + 4 :] if start > 0 else b""
    if data[:2] == b"\xff\xd8":
        return _in_jpeg(data)
    return b""


def _in_jpeg(data: bytes) -> bytes:
    place = 2
    while data[place] == 0xFF and data[place + 1] != _SCAN:
        kind = data[place + 1]
        (length,) = struct.unpack_from(">H", data, place + 2)
        body = data[place + 4 : place + 2 + length]
        if kind == _APP1 and body[:6] == b"Exif\0\0":
            return body[6:]
        place += 2 + length
    return b""


def _in_tiff(data: bytes) -> int:
    if data[:2] not in (b"II", b"MM"):
        return UPRIGHT
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    for number in range(count):
        tag, _, _, value = struct.unpack_from(order + "HHIH", data, start + 2 + 12 * number)
        if tag == _TAG:
            return value
    return UPRIGHT
