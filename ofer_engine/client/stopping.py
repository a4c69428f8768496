"""How a command is stopped: Ctrl-C, the system's wish and a closed terminal end it in one line.

Standard library only, and quick to load: it is there before the rest.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Generator
from enum import Enum
from typing import Final

STOPPED: Final = 130
"""The status that a shell expects after an interrupt."""
_NAMES: Final = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
_ONE_WISH_SECONDS: Final = 5.0
"""Several signals within them are one wish: while the first takes back what was begun, no second
one cuts that off."""


class _Phase(Enum):
    BEGINNING = "beginning"
    WORKING = "working"
    ENDING = "ending"


class _State:
    phase = _Phase.BEGINNING
    line = ""
    asked: float | None = None


def listen(line: str) -> None:
    """Take signals from now on. line : said where nothing was begun yet, and the process ends."""
    _State.line = line
    for number in _numbers():
        ignored = signal.getsignal(number) is signal.SIG_IGN  # by nohup, or by who started this
        if not ignored:
            signal.signal(number, _stop)


@contextlib.contextmanager
def working() -> Generator[None]:
    """What runs in the block takes back what it began: a signal raises KeyboardInterrupt there."""
    _State.phase = _Phase.WORKING
    try:
        yield
    finally:
        _State.phase = _Phase.ENDING


def was_asked() -> bool:
    """A signal came. Whatever was raised since may be its doing: a library whose loading is
    interrupted says something else."""
    return _State.asked is not None


@contextlib.contextmanager
def blocked() -> Generator[Callable[[], None]]:
    """Signals wait until the block has ended, where the system can do that. Gives what lets them in
    again in a child, which is started with them blocked."""
    if not hasattr(signal, "pthread_sigmask"):
        yield lambda: None
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _numbers())
    try:
        yield lambda: unblock(before)
    finally:
        unblock(before)


def unblock(mask: set[signal.Signals] | set[int] | None = None) -> None:
    """Let signals in again, all of them but those of a mask that is given."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, mask or ())


def _numbers() -> tuple[int, ...]:
    found = (getattr(signal, name, None) for name in _NAMES)
    return tuple(number for number in found if number is not None)


def _stop(number: int, frame: object) -> None:
    now, before = time.monotonic(), _State.asked
    if before is not None and now - before < _ONE_WISH_SECONDS:
        return
    _State.asked = now
    if _State.phase is _Phase.WORKING:
        raise KeyboardInterrupt
    if _State.phase is _Phase.BEGINNING:
        with contextlib.suppress(OSError):
            os.write(2, f"{_State.line}\n".encode())
    os._exit(STOPPED)
