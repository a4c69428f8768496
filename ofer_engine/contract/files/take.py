"""A recorded face from a file, whoever's form it has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..face_motion import FaceMotion
from .live_link import read_live_link
from .tracker_json import read_tracker_json

SUFFIXES: Final = (".csv", ".json", ".jsonl")
"""Of the files that are takes."""


def read_take(path: Path, rate: float | None = None) -> FaceMotion:
    """A CSV of Live Link Face or of a tracker like it, or JSON of a web tracker, by the suffix.
    rate : frames a second, instead of what the file says.

    Raises OferError(BAD_REQUEST) for what is no such file.
    """
    if path.suffix.lower() in SUFFIXES[1:]:
        return read_tracker_json(path, rate)
    return read_live_link(path, rate)
