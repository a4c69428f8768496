"""The pictures of a folder that are the frames of one shot: names alike but for a number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .errors import ErrorCode, OferError
from .photo_files import PHOTO_SUFFIXES

_NUMBER: Final = re.compile(r"\d+")
_LONGEST: Final = 18
"""Digits of a number."""

Numbered = list[tuple[int, Path]]


def numbered_pictures(folder: Path, one: Path | None = None) -> Numbered:
    """Frame numbers and pictures of the shot in a folder, in their order; none where it has none.

    one : a picture of the shot; without it the shot with the most pictures. Names that are alike
    in nothing are one shot, in the order of all their numbers, which are counted from 0.

    Raises OSError, and OferError(BAD_REQUEST) where the folder holds several shots as long.
    """
    shots: dict[tuple[int, str, str], Numbered] = defaultdict(list)
    there: list[tuple[list[int], Path]] = []
    for file in folder.iterdir():
        runs = [run for run in _NUMBER.finditer(file.stem) if len(run[0]) <= _LONGEST]
        usable = file.suffix.lower() in PHOTO_SUFFIXES and not file.name.startswith(".")
        if not (runs and usable and file.is_file()):
            continue
        there.append(([int(run[0]) for run in runs], file))
        for back, run in enumerate(reversed(runs)):
            rest = (file.stem[: run.start()] + "\0" + file.stem[run.end() :]).casefold()
            shots[back, rest, file.suffix.lower()].append((int(run[0]), file))
    having = [shot for shot in shots.values() if one is None or any(f == one for _, f in shot)]
    longest = max(map(len, having), default=0)
    found = [shot for shot in having if len(shot) == longest]
    if longest < 2:
        chosen = sorted(each for each in there if one in (None, each[1]))
        return [(number, file) for number, (_, file) in enumerate(chosen)]
    if len(found) > 1:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} holds several shots of numbered pictures.",
            "Choose one of the pictures of the shot, or give it a folder of its own.",
            name=folder.name,
        )
    return sorted(found[0])


def steps(numbers: Sequence[int], most: int) -> list[int]:
    """When each frame of a shot was, in its usual steps since the first: pictures that are missing
    leave a gap. Without gaps where there would be more than `most` steps."""
    apart = sorted(after - before for before, after in zip(numbers, numbers[1:], strict=False))
    usual = max(apart[(len(apart) - 1) // 2], 1) if apart else 1
    found = [round((number - numbers[0]) / usual) for number in numbers]
    rising = all(after > before for before, after in zip(found, found[1:], strict=False))
    return found if rising and found[-1] <= most else list(range(len(numbers)))
