"""Hashes by which both processes recognise a file and the mesh that a file was made for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def polygons_digest(polygons: np.ndarray) -> str:
    """Hexadecimal SHA-256 of a head's polygons (F, 4) int, -1 last in a triangle: two heads of one
    digest number their vertices alike."""
    return hashlib.sha256(np.ascontiguousarray(polygons, "<i8").tobytes()).hexdigest()
