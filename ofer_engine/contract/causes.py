"""Whatever went wrong, as one sentence with a next step: the guard of every border.

Memory and disks run out in the words of a dozen libraries; here is the one place that knows them.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .errors import ErrorCode, OferError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_MEMORY: Final = re.compile(
    r"can't allocate memory|cannot allocate memory|not enough memory|out of memory|bad_alloc"
    r"|can't start new thread|\(os error 12\)|failed to map segment|unable to mmap",
    re.IGNORECASE,
)
"""In torch, safetensors, C++ and Python's own thread library, none of which say it by a type."""
_NO_CAUSE: Final = re.compile(r"error return without exception set|without setting an exception")
"""In Python's own compiler, and in extensions that could not even raise."""
_CUT: Final = re.compile(r"\d+ requested and \d+ written|\(os error (28|112|122)\)")
"""numpy and safetensors on a full disk."""


def as_ofer_error(cause: BaseException) -> OferError:
    """The error that a person is told of, whatever was raised."""
    if lacks_memory(cause):  # a reader may have taken it for damage
        return out_of_memory()
    if isinstance(cause, OferError):
        return cause
    if isinstance(cause, ImportError):
        return OferError(
            ErrorCode.ENGINE_MISSING,
            "The engine's environment is incomplete: {library} cannot be used.",
            "Run `install.py setup --rebuild`, or press Set Up Engine.",
            library=cause.name or "a library",
        )
    if isinstance(cause, OSError):
        return _refused(cause)
    return OferError(
        ErrorCode.INTERNAL,
        "The engine met an unexpected error ({name}).",
        "Run it again; if it fails again, send the log with a report.",
        name=type(cause).__name__,
    )


def lacks_memory(cause: BaseException) -> bool:
    """Memory ran out, whichever library met it first."""
    return any(_says_no_memory(each) for each in _chain(cause))


def lacks_space(cause: BaseException) -> bool:
    """The disk, or the user's share of it, is full."""
    return any(
        getattr(each, "errno", None) in _FULL or _CUT.search(str(each)) for each in _chain(cause)
    )


def out_of_memory() -> OferError:
    """The error for memory that ran out and could not be done without."""
    return OferError(
        ErrorCode.OUT_OF_MEMORY,
        "The engine ran out of memory.",
        "Close other programs, draw fewer heads, or choose the processor as the device.",
    )


def unwritable(target: Path, cause: BaseException) -> OferError:
    """The error for a folder or file that could not be written."""
    if lacks_memory(cause):
        return out_of_memory()
    if lacks_space(cause):
        return OferError(
            ErrorCode.DISK_FULL,
            "The disk is full: {name} could not be written.",
            "Free some space (a reconstruction takes about 5 MB) and run it again.",
            name=target.name,
        )
    why = getattr(cause, "strerror", None) or "the system refused"
    return OferError(
        ErrorCode.READ_ONLY,
        "{name} could not be written to {parent}: {strerror}.",
        "Choose an output folder that you may write to.",
        name=target.name,
        parent=target.parent,
        strerror=why,
    )


def _refused(cause: OSError) -> OferError:
    name = str(cause.filename) if cause.filename is not None else ""
    if lacks_space(cause):
        return OferError(
            ErrorCode.DISK_FULL,
            "The disk is full: {name} could not be written.",
            "Free some space and run it again.",
            name=Path(name).name or "what was made",
        )
    return OferError(
        ErrorCode.BAD_REQUEST,
        "{file} cannot be used: {why}.",
        "Check the path, and that you may read and write there.",
        file=name or "A file",
        why=cause.strerror or type(cause).__name__,
    )


def _says_no_memory(cause: BaseException) -> bool:
    if isinstance(cause, MemoryError) or getattr(cause, "errno", None) == errno.ENOMEM:
        return True
    if isinstance(cause, SystemError) and _NO_CAUSE.search(str(cause)):
        return True
    foreign = not isinstance(cause, OferError | SyntaxError | KeyError)
    return foreign and bool(_NO_MEMORY.search(str(cause)))


def _chain(cause: BaseException) -> Iterator[BaseException]:
    """It, and what it was raised for."""
    seen: set[int] = set()
    each: BaseException | None = cause
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
