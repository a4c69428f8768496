"""A mark in the PNGs that we make, by which one is known that nobody has changed since."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

_KIND: Final = b"tEXt"
_WORDS: Final = b"Software\0OFER Faces, unchanged: "
_END: Final = b"\0\0\0\0IEND\xaeB`\x82"


def marked(png: bytes) -> bytes:
    """The PNG with a text in it that holds the SHA-256 of all else. Raises ValueError for what does
    not end as a PNG does."""
    if not png.endswith(_END):
        raise ValueError("it is no PNG")
    return png.removesuffix(_END) + _mark(png) + _END


def is_as_marked(png: bytes) -> bool:
    """Whether these bytes are what `marked` gave."""
    start = len(png) - len(_END) - len(_mark(b""))
    if start < 0:
        return False
    return marked(png[:start] + _END) == png


def _mark(png: bytes) -> bytes:
    """The chunk of the text for a PNG without it."""
    body = _KIND + _WORDS + hashlib.sha256(png).hexdigest().encode()
    return (len(body) - len(_KIND)).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
