"""A lock that the system lets go of when its holder is gone, killed or not."""

from __future__ import annotations

import sys
from typing import IO


def take(file: IO[str]) -> bool:
    """Lock an open file until it is closed everywhere; False where somebody else holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
