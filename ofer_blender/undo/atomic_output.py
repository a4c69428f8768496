"""Files that come whole or not at all: written beside their place, on its disk, then moved there.

Nothing that is there is lost: a name that is taken by what no earlier export of this file made is
left alone. What an earlier one made is what its sidecar lists, each with its hash.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.files.replacement import OLDER, Replacement
from ...ofer_engine.contract.files.sidecar import is_as_made, made_files, sidecar_of
from ...ofer_engine.contract.names import is_reserved
from ...ofer_engine.contract.sentence import readable

_SCRATCH: Final = "ofer_export"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_PROBE: Final = 1 << 18
_MISREAD: Final = re.compile(r'^[-\s]+|["\x00-\x1f\x7f-\x9f\u2028\u2029]')
"""What an .obj or .mtl that names the file would end or begin at."""


class AtomicOutput:
    """file : where the main file goes; folder : where everything is written meanwhile."""

    def __init__(self, file: Path, folder: Path, *, overwrite: bool) -> None:
        self.file, self.folder = file, folder
        self.sidecar = sidecar_of(file)
        self._overwrite = overwrite
        self._before = made_files(self.sidecar)

    def companion(self, label: str, suffix: str) -> str:
        """The name of a file that goes with the main one and is named after it: the next one that
        nobody else's file has."""
        first = _MISREAD.sub("_", f"{self.file.stem}{label}")
        name, number = f"{first}{suffix}", 1
        while not self._ours(name) or (self.folder / name).exists():
            number += 1
            name = f"{first}_{number}{suffix}"
        return name

    def publish(self, names: Iterable[str]) -> None:
        """Move files of these names to their place, all or none of them.

        Raises OferError(BAD_REQUEST) where one would go over a file that is not ours, OSError.
        """
        names = tuple(names)
        for name in names:
            if not self._may_replace(name):
                raise taken(name)
            with (self.folder / name).open("rb+") as file:
                os.fsync(file.fileno())  # some disks tell only now that they are full
        self._move(names)

    def _move(self, names: tuple[str, ...]) -> None:
        older = aside_of(self.folder)
        moved: list[str] = []
        set_aside: list[str] = []
        try:
            for name in names:
                place = self.file.parent / name
                if os.path.lexists(place):
                    _set_aside(place, older / name)
                    set_aside.append(name)
                (self.folder / name).replace(place)
                moved.append(name)
        except OSError:
            for name in moved:
                (self.file.parent / name).unlink(missing_ok=True)
            for name in set_aside:
                (older / name).replace(self.file.parent / name)
            raise

    def _may_replace(self, name: str) -> bool:
        place = self.file.parent / name
        if not os.path.lexists(place):
            return True
        if place.is_dir():
            return False
        if name == self.file.name and self._overwrite:
            return True
        if name == self.sidecar.name:
            return self._before is not None
        return self._ours(name)

    def _ours(self, name: str) -> bool:
        """Nothing has this name, or what has it is as an earlier export of this file made it."""
        return is_as_made(self.file.parent / name, self._before)


def _set_aside(place: Path, older: Path) -> None:
    """Give a file a second name, so that the first is never without one: whoever is killed now
    leaves the old file there. A disk without hard links, and a link itself, take the long way."""
    try:
        if place.is_symlink():
            raise OSError
        os.link(place, older)
    except OSError:
        place.rename(older)


def has_name(filepath: str) -> bool:
    """A file browser's path names a file, not a folder alone, beside which nothing is written."""
    return bool(filepath) and not filepath.endswith(("/", os.sep))


def check_readable(file: Path) -> None:
    """Raise OferError(BAD_REQUEST) where the file's name is no UTF-8, as the files of other
    programs name it, holds a backslash, which they take for a folder, or is a device of Windows."""
    if readable(file.name) != file.name or "\\" in file.name or is_reserved(file.name):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no name that other programs can read.",
            "Choose a name for it.",
            name=file.name,
        )


def nameless() -> OferError:
    """The error for a file without a name."""
    return OferError(ErrorCode.BAD_REQUEST, "The file has no name.", "Choose a name for it.")


@contextmanager
def atomic_output(file: Path, *, overwrite: bool) -> Iterator[AtomicOutput]:
    """A place beside `file` to write it and what goes with it; gone afterwards, with all that was
    not published.

    overwrite : whoever asks has seen that another file has the name. Raises OferError(READ_ONLY |
    DISK_FULL | BAD_REQUEST), as `check_readable` too.
    """
    check_readable(file)
    with beside(file) as folder:
        yield AtomicOutput(file, folder, overwrite=overwrite)


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """A folder of its own beside a file or folder that is going to be written, on its disk; gone
    afterwards. Any OSError becomes an OferError(READ_ONLY | DISK_FULL) about the place."""
    if not place.parent.is_dir():
        raise unwritable(place, "there is no such folder")
    try:
        with Replacement(place.with_name(_SCRATCH)) as scratch:
            scratch.place.mkdir()
            yield scratch.place
    except OSError as cause:
        raise unwritable(place, cause) from cause


def aside_of(folder: Path) -> Path:
    """Where what stands in the way of something from `beside` goes, under its own name: it comes
    back where nothing took its place, even if Blender is killed. Raises OSError."""
    older = folder.with_name(OLDER)
    older.mkdir(exist_ok=True)
    return older


def unwritable(file: Path, cause: OSError | str) -> OferError:
    """The error for a file that the system would not write."""
    message = cause.strerror or str(cause) if isinstance(cause, OSError) else cause
    if getattr(cause, "errno", None) in _FULL or os.strerror(errno.ENOSPC) in message:
        return disk_full(file)
    why = _last_message(message)
    return OferError(
        ErrorCode.READ_ONLY,
        "{name} could not be written: {why}.",
        "Choose another folder.",
        name=file.name,
        why=why,
    )


def _last_message(message: str) -> str:
    """What went wrong, of what Blender or Python say, without traces and paths."""
    lines = [each for each in message.splitlines() if each.strip() and "Location: " not in each]
    last = lines[-1].strip() if lines else "no reason was given"
    last = re.sub(r"^\w*(Error|Exception): (\[Errno \d+\] )?", "", last)
    return re.sub(r": ['\"]/.*$", "", last).rstrip(".")


def disk_full(file: Path) -> OferError:
    """The error for a file that there is no room for."""
    return OferError(
        ErrorCode.DISK_FULL,
        "The disk is full: {name} could not be written.",
        "Free some space, or choose another folder.",
        name=file.name,
    )


def is_full(folder: Path) -> bool:
    """The disk of a folder takes nothing more."""
    try:
        with tempfile.TemporaryFile(prefix=".ofer-", dir=folder) as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as cause:
        return cause.errno in _FULL
    return False


def taken(name: str) -> OferError:
    """The error for a name that something of somebody else's has."""
    return OferError(
        ErrorCode.BAD_REQUEST,
        "{name} is already there, and not as an export of this name left it.",
        "Choose another name, or move that file away.",
        name=name,
    )
