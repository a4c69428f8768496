"""Hashes by which both processes recognise a file and the mesh that a file was made for."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .pieces import READING

if TYPE_CHECKING:
    import numpy as np

_PIECE: Final = 1 << 18


def sha256_of(path: Path, most: int | None = None) -> str:
    """Hexadecimal SHA-256 of a file's bytes. Raises OSError, also for what is no file, and for one
    of more than `most` bytes: before it is read, and where it gives more than it says it has."""
    digest, done = hashlib.sha256(), 0
    with os.fdopen(os.open(path, READING), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        size = about.st_size
        while most is None or max(size, done) <= most:
            piece = file.read(_PIECE)
            if not piece:
                return digest.hexdigest()
            digest.update(piece)
            done += len(piece)
    raise OSError(errno.EFBIG, "it is larger than it can be", str(path))


def polygons_digest(polygons: np.ndarray) -> str:
    """Hexadecimal SHA-256 of a head's polygons (F, 4) int, -1 last in a triangle: two heads of one
    digest number their vertices alike."""
    return hashlib.sha256(polygons.astype("<i8").tobytes()).hexdigest()
