"""A lock that the system lets go of when its holder is gone, killed or not."""

from __future__ import annotations

import errno
import os
import sys
from typing import IO, Final

_HELD: Final = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)
"""What systems answer where somebody else holds the lock; Windows says EACCES or EDEADLK."""


def take(file: IO[str], without: bool = True) -> bool:
    """Lock an open file until it is closed everywhere; False where somebody else holds it.

    without : the answer where the file system knows no locks, as some network drives.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file.fileno(), 0, os.SEEK_SET)  # a lock begins where the file stands
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        return without and cause.errno not in _HELD
    return True
