"""One array on disk, as `.npy`: its header is believed only where it fits the file's size.

The headers that numpy writes are read by their form, not as Python source, and nothing is
allocated before dtype, shape and size have been found to agree.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from .pieces import open_piece

MOST_BYTES: Final = 1 << 30
"""Of one array; the largest real ones, expressions of sixteen photos, have half of it."""
_MAGIC: Final = b"\x93NUMPY"
_LONGEST_HEADER: Final = 4096
_MOST_AXES: Final = 4
_KINDS: Final = frozenset("f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1".split())
_HEADER: Final = re.compile(
    rb"\{'descr': '([<>|=])([fiubU])(\d{1,3})', 'fortran_order': (False|True),"
    rb" 'shape': \(((?:\d{1,12}, ?)*(?:\d{1,12},?)?)\), \} *\n"
)


@dataclass(frozen=True)
class ArrayHeader:
    """dtype : numbers of a fixed width; shape : its sides; fortran : columns first;
    offset : bytes before the numbers."""

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def bytes(self) -> int:
        """Of the numbers alone."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(path: Path) -> ArrayHeader:
    """What an array's file says of itself. Raises OSError, or ValueError where it cannot be."""
    with open_piece(path, MOST_BYTES + _LONGEST_HEADER) as file:
        return _header(file)


def read_array(path: Path) -> np.ndarray:
    """The numbers, in this machine's byte order. Raises as `read_header`."""
    with open_piece(path, MOST_BYTES + _LONGEST_HEADER) as file:
        header = _header(file)
        values = np.fromfile(file, header.dtype, math.prod(header.shape))
    return _as_said(values, header)


def array_of(data: bytes) -> np.ndarray:
    """The array whose file's content this is. Raises ValueError."""
    header = _header(io.BytesIO(data))
    values = np.frombuffer(data, header.dtype, math.prod(header.shape), header.offset)
    return _as_said(values, header)


def write_array(file: BinaryIO, values: np.ndarray) -> None:
    """Write an array as numpy does. Raises OSError with the system's own reason.

    numpy's own writer goes past Python's file and reports a full disk without its reason.
    """
    values = np.ascontiguousarray(values).reshape(values.shape)
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(values))
    file.write(values.data if values.size else b"")


def _as_said(values: np.ndarray, header: ArrayHeader) -> np.ndarray:
    values = values.reshape(header.shape, order="F" if header.fortran else "C")
    own = values.astype(header.dtype.newbyteorder("="), order="C", copy=not values.flags.owndata)
    return own.reshape(header.shape)


def _header(file: BinaryIO) -> ArrayHeader:
    start = file.read(len(_MAGIC) + 2)
    if start not in (_MAGIC + b"\1\0", _MAGIC + b"\2\0"):
        raise ValueError("it is no array")
    width = 2 if start[-2] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    found = _HEADER.fullmatch(file.read(length)) if length <= _LONGEST_HEADER else None
    if found is None:
        raise ValueError("its header is not what numpy writes")
    order, kind, size = found[1].decode(), found[2].decode(), found[3].decode()
    if kind + size not in _KINDS and kind != "U":
        raise ValueError("it holds numbers of an unknown kind")
    shape = tuple(int(side) for side in found[5].split(b",") if side.strip())
    header = ArrayHeader(
        np.dtype(order.replace("|", "=") + kind + size),
        shape,
        found[4] == b"True",
        file.tell(),
    )
    there = file.seek(0, 2) - file.seek(header.offset)
    if len(shape) > _MOST_AXES or header.bytes != there:
        raise ValueError("its header does not fit its size")
    return header
