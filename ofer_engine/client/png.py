"""Writing a PNG file (ISO/IEC 15948) without Blender's colour management in between. No bpy."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np

_COLOUR: Final = {1: 0, 3: 2, 4: 6}
"""PNG's colour type by number of channels."""


def encode(pixels: np.ndarray) -> bytes:
    """pixels : (H, W, C) uint8, C = 1 grey, 3 RGB or 4 RGBA, top row first."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    rows = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0)))  # each row begins with filter 0
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows.tobytes())) + _chunk(b"IEND", b"")
    )  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
