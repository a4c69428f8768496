"""Files written whole or not at all; what the system refuses becomes a sentence."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from ..causes import unwritable
from .replacement import Replacement, sweep

_LENT: Final = re.compile(r"/proc/\d+/fd/\d+")
_MEMORY: Final = "/memfd:"
"""What the system calls a file that lies in memory and nowhere else."""


@contextmanager
def whole_file(path: Path) -> Generator[BinaryIO]:
    """A file to write into, which stands at `path` once the block has ended well.

    Its folder must be there. Memory that a client lends, as a link into /proc, is written to where
    it is: what shows a person must not lie on a disk on its way. Raises OferError(DISK_FULL |
    READ_ONLY | OUT_OF_MEMORY) for an OSError of the block, too.
    """
    try:
        if _is_memory(path):
            with path.open("r+b") as file:
                file.truncate()
                yield file
            return
        path.parent.stat()  # or nothing is made at all
        with Replacement(path) as replacement:
            with replacement.place.open("wb") as file:
                yield file
            replacement.finish()
    except OSError as cause:
        raise unwritable(path, cause) from cause


def _is_memory(path: Path) -> bool:
    """A link to an open file of a program, which lies in memory: through any other, a stranger's
    folder could have a file elsewhere overwritten."""
    if not path.is_symlink() or not _LENT.fullmatch(lent := os.readlink(path)):
        return False
    return os.readlink(lent).startswith(_MEMORY)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file at once. Raises as `whole_file`."""
    with whole_file(path) as file:
        file.write(data)


def check_place(folder: Path) -> None:
    """Before long work that ends in `folder`, there or to be made. Leaves nothing behind, and takes
    away what processes that were killed left there.

    Raises OferError(DISK_FULL | READ_ONLY) where nothing can be written.
    """
    try:
        # A link that leads nowhere is there, too: no folder can be made in its place.
        there = next((e for e in (folder, *folder.parents) if os.path.lexists(e)), folder)
        sweep(there)
        with tempfile.TemporaryDirectory(prefix=".ofer-", dir=there):
            pass
    except (OSError, ValueError) as cause:  # ValueError: a NUL in it
        raise unwritable(folder, cause) from cause
