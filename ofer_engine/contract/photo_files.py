"""How photo files that the engine reads are named, for file choosers and what is dropped."""

from __future__ import annotations

from typing import Final

PHOTO_SUFFIXES: Final = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".mpo",
    ".png",
    ".webp",
    ".avif",
    ".heic",
    ".heif",
    ".hif",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
)
"""In lower case; the engine itself reads by content and asks no name."""
