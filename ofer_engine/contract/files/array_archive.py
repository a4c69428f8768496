"""Arrays in one `.npz`: sizes are those of its directory, and no member may unpack to more."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from .array_file import array_of
from .pieces import open_piece

_MOST_MEMBERS: Final = 100
_MISFITS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError, OSError,
)  # fmt: skip
"""What zipfile raises over a directory that lies: places before the file's beginning, too."""


def read_archive(path: Path, most: int) -> dict[str, np.ndarray]:
    """Name → array. most : bytes, packed and unpacked.

    Raises OSError, or ValueError where it is no archive of plain arrays.
    """
    with open_piece(path, most) as file:
        return arrays_in(file, most)


def arrays_in(file: BinaryIO, most: int) -> dict[str, np.ndarray]:
    """As `read_archive`, of a file that is open."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(each.file_size for each in members) > most:
                raise ValueError("it is larger than it can be")
            return {each.filename.removesuffix(".npy"): _array(archive, each) for each in members}
    except _MISFITS as no:
        raise ValueError("it is no archive of arrays") from no


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as stream:
        return array_of(stream.read(member.file_size + 1))
