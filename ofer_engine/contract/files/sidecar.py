"""NAME.glb.json and its like: which files a program of ours made under a name, each with its hash.

What is there as it was made may be made again; what was changed since, or is of somebody else, is
left alone. Standard library only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .digest import sha256_of
from .pieces import is_plain, read_piece
from .whole_file import write_whole

MADE_WITH: Final = "OFER Faces"
_LISTS: Final = ("files", "results")
"""What was exported, and what was made besides of the same head."""
_LONGEST: Final = 8 << 20
"""Bytes of a sidecar; ours have a hundredth of that."""
_LARGEST: Final = 4 << 30
"""Bytes of a file that is hashed: a GLB cannot have more."""


def sidecar_of(file: Path) -> Path:
    """Where the sidecar of an exported file lies."""
    return file.with_name(f"{file.name}.json")


def made_files(sidecar: Path) -> dict[str, str] | None:
    """Name and hash of what was made; None where there is no sidecar of ours."""
    record = _read(sidecar)
    if record is None:
        return None
    made: dict[str, str] = {}
    for key in _LISTS:
        listed: Any = record.get(key)
        if isinstance(listed, Mapping):
            pairs: Mapping[str, Any] = listed  # pyright: ignore[reportUnknownVariableType]
            made |= {name: known for name, known in pairs.items() if isinstance(known, str)}
    return made


def is_as_made(place: Path, made: Mapping[str, str] | None) -> bool:
    """Nothing is at `place`, or the plain file that `made` lists, unchanged since."""
    if not os.path.lexists(place):
        return True
    known = (made or {}).get(place.name)
    try:
        return known is not None and is_plain(place) and known == sha256_of(place, _LARGEST)
    except OSError:
        return False


def note_results(sidecar: Path, files: Sequence[Path]) -> None:
    """List more files, which lie beside a sidecar of ours. Raises OSError and
    OferError(DISK_FULL | READ_ONLY)."""
    record = _read(sidecar)
    if record is not None:
        record["results"] = {each.name: sha256_of(each) for each in files}
        text = json.dumps(record, indent=1, ensure_ascii=False)
        write_whole(sidecar, f"{text}\n".encode("utf-8", "backslashreplace"))


def _read(sidecar: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(read_piece(sidecar, _LONGEST).decode("utf-8"))
        return record if str(record["made_with"]).startswith(MADE_WITH) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # missing, or not a sidecar of ours
