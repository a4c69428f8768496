"""A name that a program keeps for results which it is still making, so that no other takes it.

The mark is a hidden file `.NAME.run` in the folder, which its holder locks. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from ..causes import unwritable
from ..errors import ErrorCode, OferError
from ..names import free_names
from . import file_lock
from .pieces import is_plain

_OF_PARENT: Final = "OFER_CLAIMED"
"""Environment variable with the mark that the program holds which started this one."""


@contextlib.contextmanager
def claimed_name(
    folder: Path, name: str, endings: Sequence[str], overwrite: bool
) -> Generator[str]:
    """The name, or the first after it that nothing in `folder` has with one of `endings` and that
    no other program claims; it is ours until the block ends. The folder is made, and goes if it is
    empty then.

    overwrite : take `name` itself. Raises OferError(BAD_REQUEST) where another program is at what
    is to be overwritten, and OferError(DISK_FULL | READ_ONLY).
    """
    missing = [each for each in (folder, *folder.parents) if not os.path.exists(each)]
    try:
        for free in (name,) if overwrite else free_names(folder, name, endings):
            with contextlib.ExitStack() as stack:
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                    ours = stack.enter_context(held_mark(_mark(folder, free)))
                except (OSError, ValueError) as cause:  # ValueError: a NUL in it
                    place = folder / name if folder.is_dir() else folder
                    raise unwritable(place, cause) from cause
                if ours and (overwrite or free == next(free_names(folder, free, endings))):
                    yield free
                    return
    finally:
        for each in missing:
            with contextlib.suppress(OSError):  # results are in it, or it was not made
                each.rmdir()
    raise OferError(
        ErrorCode.BAD_REQUEST,
        "Another run is making {name}.",
        "Wait for it, or give another name.",
        name=name,
    )


def handed_on(folder: Path, name: str) -> dict[str, str]:
    """Environment variables for a program that makes the results of a claimed name."""
    return {_OF_PARENT: str(_mark(folder, name))}


def _mark(folder: Path, name: str) -> Path:
    return folder.resolve() / f".{name}.run"


@contextlib.contextmanager
def held_mark(mark: Path, written: bool = False) -> Generator[bool]:
    """Whether it is ours alone to work on what a file stands for; the file is gone afterwards. A
    link and a pipe are never ours, nor a file that somebody wrote into, unless `written`: it stays.
    Raises OSError."""
    if os.environ.get(_OF_PARENT) == str(mark):
        yield True
        return
    if os.path.lexists(mark) and not is_plain(mark):  # opening a pipe would wait for its reader
        yield False
        return
    windows = sys.platform == "win32"  # which deletes no open file
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(mark.open("a"))
        empty = not os.fstat(file.fileno()).st_size
        ours = (empty or written) and file_lock.take(file) and _is_mark(file.fileno(), mark)
        try:
            yield ours
        finally:
            if windows:
                stack.close()
            if ours and empty:
                with contextlib.suppress(OSError):
                    mark.unlink()


def _is_mark(file: int, path: Path) -> bool:
    """An open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False
