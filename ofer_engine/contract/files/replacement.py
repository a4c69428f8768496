"""A file or folder that appears whole or not at all, whatever ends the process meanwhile.

It is made inside a hidden folder beside its place, `.NAME.XXXXXXXX.unfinished`, whose maker holds a
lock there. The system lets go of a lock when its holder is gone, killed or not, so that anybody who
comes by later may sweep: what nobody holds is deleted, and an older folder that was moved aside is
put back. Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from . import file_lock

_MARK: Final = ".unfinished"
_LOCK: Final = "lock"
OLDER: Final = "older"
"""Beside `place`: what is moved aside into it comes back under its name, unless that is taken."""
_INNER: Final = "whole"
_LONGEST: Final = 180
"""Bytes of a name that the hidden folder repeats; file systems take 255."""
_NEW_SECONDS: Final = 60.0
"""A hidden folder without a lock may be one that another process is just making."""
_TRIES: Final = 5
_PAUSE: Final = 0.1
"""Seconds: on Windows a folder cannot be moved while somebody reads a file in it."""
_TAKEN: Final = (errno.EEXIST, errno.ENOTEMPTY)


class Replacement:
    """What will stand at `target`; leaving the block without `finish` takes everything back.

    place : where it is to be made, not there yet. Every method may raise OSError.
    """

    def __init__(self, target: Path) -> None:
        target = self._target = _lasting(target)
        self._missing = [each for each in target.parents if not os.path.exists(each)]
        name = os.fsencode(target.name)[:_LONGEST].decode("utf-8", "ignore")
        self._holder = target.with_name(f".{name}.{uuid.uuid4().hex[:8]}{_MARK}")
        self._lock: IO[str] | None = None
        self._done = False
        self.place = self._holder / _INNER

    def __enter__(self) -> Self:
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            sweep(self._target.parent)
            self._holder.mkdir()
            self._lock = _locked(self._holder)
        except OSError:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def finish(
        self, target: Path | None = None, replace: bool = True, aside: Path | None = None
    ) -> None:
        """Put it in its place, or in another beside that.

        aside : where an older folder goes instead of being deleted. Raises FileExistsError where
        something is there and is not to be replaced; it may be tried again then.
        """
        target = self._target if target is None else _lasting(target)
        if not self.place.is_dir() and replace:
            _patiently(self.place, target)
        elif replace and os.path.lexists(target):
            self._exchange(target, aside)
        else:
            self._move_in(target)
        self._done = True

    def _move_in(self, target: Path) -> None:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        try:
            _patiently(self.place, target)
        except OSError as cause:
            if cause.errno in _TAKEN:  # somebody else was quicker
                raise FileExistsError(cause.errno, cause.strerror, str(target)) from cause
            raise

    def _exchange(self, target: Path, aside: Path | None) -> None:
        older = aside or self._holder / OLDER / target.name
        older.parent.mkdir(exist_ok=True)
        _patiently(target, older)
        try:
            _patiently(self.place, target)
        except OSError:
            older.rename(target)
            raise

    def _release(self) -> None:
        if self._lock:
            self._lock.close()
        _discard(self._holder)
        if not self._done:
            for folder in self._missing:
                with contextlib.suppress(OSError):  # not made, or somebody else uses it
                    folder.rmdir()


def _lasting(path: Path) -> Path:
    """The same place, also when the current folder is moved aside because it is replaced."""
    whole = path.absolute()
    if whole.name in ("", ".."):
        return whole.resolve()
    return whole.parent.resolve() / whole.name


def is_unfinished(path: Path) -> bool:
    """It is where something is being made, or was when its maker was killed."""
    return path.name.startswith(".") and path.name.endswith(_MARK)


def sweep(folder: Path) -> bool:
    """Take away what processes that are gone have left in a folder. False where something is left
    that a living process makes. Never raises.
    """
    clean = True
    with contextlib.suppress(OSError):
        with os.scandir(folder) as entries:
            found = [each.path for each in entries if each.name.endswith(_MARK)]
        for each in map(Path, found):
            if not is_unfinished(each) or each.is_symlink():
                continue
            if _is_left(each):
                _discard(each)
            else:
                clean = False
    return clean


def _is_left(holder: Path) -> bool:
    """Nobody is at work in it."""
    with contextlib.suppress(OSError):
        lock = holder / _LOCK
        if not lock.is_file():
            return time.time() - holder.stat().st_mtime > _NEW_SECONDS
        with lock.open("r+") as file:
            return file_lock.take(file, without=False)
    return False


def _locked(holder: Path) -> IO[str]:
    """A lock that is held from the moment that anybody can see it, where the system moves open
    files.
    """
    made = holder / (_LOCK if sys.platform == "win32" else f"{_LOCK}ing")
    file = made.open("w")
    file_lock.take(file)
    if sys.platform != "win32":
        made.rename(holder / _LOCK)
    return file


def _discard(holder: Path) -> None:
    """Delete it, once an older folder that it holds is back where that belongs."""
    with contextlib.suppress(OSError):
        for older in (holder / OLDER).iterdir():
            if not os.path.lexists(holder.with_name(older.name)):
                older.rename(holder.with_name(older.name))
    if holder.is_dir():
        shutil.rmtree(holder, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        holder.unlink()


def _patiently(source: Path, target: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            source.replace(target)
            return
        except PermissionError:
            if not left:
                raise
            time.sleep(_PAUSE)
