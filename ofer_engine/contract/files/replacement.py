"""A file or folder that appears whole or not at all, whatever ends the process meanwhile.

It is made inside a hidden folder beside its place, `.NAME.XXXXXXXX.unfinished`, whose maker holds a
lock there. The system lets go of a lock when its holder is gone, killed or not, so that anybody who
comes by later may sweep: what nobody holds is deleted, and an older folder that was moved aside is
put back. Only what is made as we make it is swept: whatever else has such a name, belongs to
another user, or leads or reaches elsewhere, by a link or onto another disk, stays. Standard library
only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from . import file_lock
from .pieces import is_plain

_MARK: Final = ".unfinished"
_HOLDER: Final = re.compile(r"\..+\.[0-9a-f]{8}" + re.escape(_MARK), re.DOTALL)
_LOCK: Final = "lock"
_LOCKING: Final = "locking"
OLDER: Final = "older"
"""Beside `place`: what is moved aside into it comes back under its name, unless that is taken."""
MOVED: Final = "made"
"""Beside `place`: what is on its way there."""
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
    """It is where something is being made, or was when its maker was killed: a folder of ours that
    holds what we put there and nothing else.
    """
    if not _HOLDER.fullmatch(path.name) or not is_real_folder(path):
        return False
    try:
        names = {each.name for each in path.iterdir()}
        locks = names & {_LOCK, _LOCKING}
        return (
            _is_own(path)
            and (_LOCK in names or names <= {_LOCKING})  # it is there before anything else
            and names <= {_LOCK, _LOCKING, OLDER, MOVED, _INNER}
            and all(is_plain(path / each) and not os.lstat(path / each).st_size for each in locks)
            and (OLDER not in names or is_real_folder(path / OLDER))
        )
    except OSError:  # it is gone by now, or another's
        return False


def is_real_folder(path: Path) -> bool:
    """Whether a folder is there, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def is_on_one_disk(folder: Path) -> bool:
    """Whether all folders in a folder lie on the disk that itself lies on."""
    try:
        disk = os.lstat(folder.parent).st_dev
        return all(os.lstat(place).st_dev == disk for place, _, _ in os.walk(folder))
    except OSError:
        return False


def _is_own(path: Path) -> bool:
    """Whether it belongs to the user who runs us."""
    return sys.platform == "win32" or os.lstat(path).st_uid == os.geteuid()


def sweep(folder: Path) -> bool:
    """Take away what processes that are gone have left in a folder. False where something is left
    that a living process makes. Never raises.
    """
    clean = True
    with contextlib.suppress(OSError):
        with os.scandir(folder) as entries:
            found = [each.path for each in entries if each.name.endswith(_MARK)]
        for each in map(Path, found):
            if not is_unfinished(each):
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
        if not is_plain(lock):
            return time.time() - holder.stat().st_mtime > _NEW_SECONDS
        with lock.open("r+") as file:
            return file_lock.take(file, without=False)
    return False


def _locked(holder: Path) -> IO[str]:
    """A lock that is held from the moment that anybody can see it, where the system moves open
    files.
    """
    made = holder / (_LOCK if sys.platform == "win32" else _LOCKING)
    file = made.open("w")
    file_lock.take(file)
    if sys.platform != "win32":
        made.rename(holder / _LOCK)
    return file


def _discard(holder: Path) -> None:
    """Delete it, once what was moved aside into it is back where that belongs."""
    try:
        for older in (holder / OLDER).iterdir() if is_real_folder(holder / OLDER) else ():
            if not os.path.lexists(holder.with_name(older.name)):
                older.rename(holder.with_name(older.name))
    except OSError:
        return
    if not is_real_folder(holder) or not is_on_one_disk(holder):
        return
    for name in (_INNER, MOVED, OLDER):  # the lock goes last: without it nobody knows what this is
        shutil.rmtree(holder / name, ignore_errors=True)
    shutil.rmtree(holder, ignore_errors=True)


def _patiently(source: Path, target: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            source.replace(target)
            return
        except PermissionError:
            if not left:
                raise
            time.sleep(_PAUSE)
