"""The parts of a head that an artist takes from one hypothesis or another."""

from __future__ import annotations

from typing import Final

FACE_PARTS: Final = (
    "nose", "mouth", "eyes", "brows", "jaw", "cheeks", "forehead", "ears", "skull",
)  # fmt: skip
"""In the order of a folder's `part_masks`; jaw with the chin, skull with the neck."""
