"""What Blender and the engine hand each other beside the lines of the protocol: photos, pictures,
skins. No bpy calls.

It lies in a folder that only this user can read, deleted when Blender ends; the next start of the
add-on deletes what a killed Blender left. On Linux photos and pictures are no files at all: what
lies there is a link into this process's memory, which ends with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "ofer_faces_"
_OWNER: Final = "owner"
_FORMER: Final = ("ofer_photo_*", "ofer_mask_*")
"""Files that earlier releases wrote."""
_OLD: Final = 24 * 3600.0
_IN_MEMORY: Final = hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir()

_private: Final[list[tuple[Path, int]]] = []
"""The folder of this process and the descriptor that locks it, while there is one."""
_memory: Final[dict[Path, int]] = {}
"""Link → descriptor of the memory that it leads to."""


def folder() -> Path:
    """A new folder in the private one. Raises OSError where the disk is full or read-only."""
    if not _private or not _private[0][0].is_dir():
        _private[:] = [_begin()]
    return Path(tempfile.mkdtemp(dir=_private[0][0]))


def give(name: str, data: bytes) -> Path:
    """A path under which the engine reads these bytes. Raises OSError as `folder`."""
    path = expect(name)
    path.write_bytes(data)
    return path


def expect(name: str) -> Path:
    """A path, in a folder of its own, that somebody is about to write to. Raises as `folder`."""
    path = folder() / name
    if _IN_MEMORY:
        descriptor = os.memfd_create(_PREFIX, os.MFD_CLOEXEC)
        _memory[path] = descriptor
        path.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
    return path


def forget(path: Path) -> None:
    """Delete what `give` or `expect` made; `drop` does so with a folder."""
    drop(path.parent)


def drop(place: Path) -> None:
    """Delete a folder that `folder` made."""
    if not place.is_dir():
        return
    for link in [each for each in _memory if each.parent == place]:
        os.close(_memory.pop(link))
    shutil.rmtree(place, ignore_errors=True)
    if _private and [each.name for each in place.parent.iterdir()] == [_OWNER]:
        close()  # the next one makes it anew


def sweep() -> None:
    """Delete what Blenders that are gone have left."""
    here = Path(tempfile.gettempdir())
    for left in here.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_mine(left) and left.is_dir() and _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
    for pattern in _FORMER:
        for left in here.glob(pattern):
            with contextlib.suppress(OSError):
                if _is_mine(left) and left.is_file() and _age(left) > _OLD:
                    left.unlink()


def close() -> None:
    """Delete all of this process's."""
    for descriptor in _memory.values():
        os.close(descriptor)
    _memory.clear()
    for place, lock in _private:
        os.close(lock)
        shutil.rmtree(place, ignore_errors=True)
    _private.clear()


def _begin() -> tuple[Path, int]:
    place = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(place / _OWNER, os.O_CREAT | os.O_RDWR, 0o600)
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
    return place, lock


def _is_abandoned(place: Path) -> bool:
    """Nobody holds its lock: the system lets go of it however a process ends."""
    if any(place == own for own, _ in _private):
        return False
    owner = place / _OWNER
    if not owner.is_file():
        return _age(place) > _OLD  # another Blender may be about to make it
    if sys.platform == "win32":
        owner.unlink()  # raises while another process has it open
        return True
    import fcntl

    lock = os.open(owner, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _is_mine(path: Path) -> bool:
    return not hasattr(os, "getuid") or path.lstat().st_uid == os.getuid()


def _age(path: Path) -> float:
    return time.time() - path.lstat().st_mtime
