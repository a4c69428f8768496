"""What nobody foresaw: a sentence with a next step for people, the trace in a log. No bpy calls.

This is the border: behind it any exception may be raised, in front of it there are only `OferError`
and its sentence. Threads and timers are guarded here, Blender's classes in `guard.py`.
"""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from ..contract.causes import lacks_memory, lacks_space
from ..contract.errors import ErrorCode, OferError

_MOST_BYTES: Final = 1 << 20
"""Of the log; then it begins anew. Some thousand traces: a fault may come with every redraw."""
_known: Final[set[str]] = set()
"""Traces that this session has written already."""


_Parameters = ParamSpec("_Parameters")
_Returned = TypeVar("_Returned")


def _nowhere() -> Path | None:
    return None


def _to_nobody(error: OferError) -> None:
    pass


class _Settings:
    """log : where traces go, or None; report : shows an error to the user where no operator can."""

    log: Callable[[], Path | None] = staticmethod(_nowhere)
    report: Callable[[OferError], None] = staticmethod(_to_nobody)


settings: Final = _Settings()


def sentence(cause: BaseException) -> OferError:
    """The error that people are told of an exception."""
    if isinstance(cause, OferError):
        return cause
    if message := _said_by_operator(cause):
        return OferError(ErrorCode.INTERNAL, message)
    if lacks_memory(cause):
        return OferError(
            ErrorCode.OUT_OF_MEMORY,
            "Blender ran out of memory.",
            "Save your work, close other programs, and try again.",
        )
    if isinstance(cause, OSError) and cause.errno or lacks_space(cause):
        return _of_system(cause)
    return OferError(
        ErrorCode.INTERNAL,
        "OFER Faces met an unexpected error ({name}).",
        "Nothing was changed; try again, and press Copy Report in the panel Setup if it repeats.",
        name=type(cause).__name__,
    )


def log(cause: BaseException) -> None:
    """Write the trace into the log, once a session; a log that cannot be written stops nobody."""
    trace = "".join(traceback.format_exception(cause))
    path = settings.log()
    if path is None or trace in _known:
        return
    _known.add(trace)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if not path.is_file() or path.stat().st_size < _MOST_BYTES else "w"
        with path.open(mode, encoding="utf-8", errors="replace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {trace}\n")
    except OSError:
        pass


def foreseen(cause: BaseException) -> bool:
    """It has a sentence of its own already, and needs no trace."""
    return isinstance(cause, OferError) or bool(_said_by_operator(cause))


def caught(cause: BaseException) -> OferError:
    """The sentence of an exception, whose trace is written where it was not foreseen."""
    if not foreseen(cause):
        log(cause)
    return sentence(cause)


def guarded(
    otherwise: Any = None, reported: bool = True
) -> Callable[[Callable[_Parameters, _Returned]], Callable[_Parameters, _Returned]]:
    """Decorator for what Blender or a thread calls: never raises, but gives `otherwise`.

    reported : the panel shows the sentence.
    """

    def decorate(
        function: Callable[_Parameters, _Returned],
    ) -> Callable[_Parameters, _Returned]:
        @functools.wraps(function)
        def within(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> _Returned:
            try:
                return function(*arguments, **options)
            except Exception as cause:  # noqa: BLE001 the border
                error = caught(cause)
                if reported:
                    settings.report(error)
                return otherwise

        within.__dict__["is_guarded"] = True
        return within

    return decorate


def _said_by_operator(cause: BaseException) -> str:
    """What an operator reported that ours had called; "" where it is no such thing."""
    message = str(cause)
    if type(cause) is not RuntimeError or not message.startswith("Error: "):
        return ""
    if "Traceback (most recent call last)" in message:
        return ""
    return message.removeprefix("Error: ").strip()


def _of_system(cause: BaseException) -> OferError:
    name = Path(str(getattr(cause, "filename", "") or "")).name
    if lacks_space(cause):
        return OferError(
            ErrorCode.DISK_FULL,
            "The disk is full: {name} could not be written.",
            "Free some space and try again.",
            name=name or "a file",
        )
    return OferError(
        ErrorCode.READ_ONLY,
        "{file} cannot be used: {why}.",
        "Choose another place, or give yourself the right to read and write there.",
        file=name or "A file",
        why=getattr(cause, "strerror", ""),
    )
