"""Files inside a folder that a stranger may have made: plain ones, of a size that was agreed."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Final

READING: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags to open what a stranger may have put there: a pipe would wait for its writer."""


def is_plain(path: Path) -> bool:
    """Whether a plain file is there: no link to another place, no pipe, no folder."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def encoding_of(beginning: bytes) -> str:
    """Of a text by its first four bytes: UTF-16 or UTF-32 where its mark says so, as PowerShell and
    spreadsheets write it, UTF-16 also where a zero beside its first letter does, else UTF-8, with a
    mark or without."""
    if beginning.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if beginning[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if beginning[:1] == b"\0" else "utf-8-sig"


def open_piece(path: Path, most: int) -> BufferedReader:
    """Open a plain file of at most `most` bytes. Raises OSError for whatever else is there."""
    if not is_plain(path):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    file = os.fdopen(os.open(path, READING), "rb")
    if os.fstat(file.fileno()).st_size > most:
        file.close()
        raise OSError(errno.EFBIG, "it is larger than it can be", str(path))
    return file


def read_piece(path: Path, most: int) -> bytes:
    """The whole of a plain file. Raises OSError as `open_piece`."""
    with open_piece(path, most) as file:
        return file.read(most + 1)


def read_text(path: Path, most: int) -> str:
    """The whole of a plain file of text. Raises OSError as `open_piece`, and ValueError for what is
    no text."""
    data = read_piece(path, most)
    return data.decode(encoding_of(data))
