"""The small files under weights/open/source, from which heads are built."""

from __future__ import annotations

from pathlib import Path

from ...contract.errors import ErrorCode, OferError


def source_file(path: Path) -> Path:
    """The path as it is. Raises OferError(WEIGHTS_MISSING) where there is no file."""
    if not path.is_file():
        raise OferError(
            ErrorCode.WEIGHTS_MISSING,
            "{name} is not there.",
            "It belongs to the repository, under weights/open/source.",
            name=path.name,
        )
    return path
