"""How large a PNG says it is: a few bytes may unpack to a picture that fills the memory."""

from __future__ import annotations

from typing import Final

_START: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
HEAD: Final = len(_START) + 8
"""Bytes that tell the size."""


def png_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) of the PNG that begins so, or None where it is none."""
    if len(data) < HEAD or not data.startswith(_START):
        return None
    sides = data[len(_START) : HEAD]
    return int.from_bytes(sides[:4], "big"), int.from_bytes(sides[4:], "big")
