"""The CSV of Epic's app Live Link Face: a time code, and 61 values a frame.

The app's columns are the 52 units of ARKit and nine angles. What is read may leave some out and
spell and order them otherwise, as other trackers do, and may have been stored by a spreadsheet
that parts cells by semicolons or tabs; what is written has the app's own form. A time code is
hours:minutes:seconds:frames, with a fraction of a frame behind the point; a semicolon before the
frames says that frame numbers are dropped (SMPTE ST 12-1).
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from ..arkit import ARKIT_52, without_spelling
from ..errors import ErrorCode, OferError
from ..face_motion import FaceMotion
from .pieces import open_piece
from .whole_file import write_whole

_RATES: Final = (24, 25, 30, 48, 50, 60)
"""Frames that a second of a time code has; a file does not say how many."""
_APP_RATES: Final = (30, 60)
"""Those of the app. Unreal knows no others: it takes each file for one of them."""
_MOST_BYTES: Final = 512 * 1024**2
_MOST_FRAMES: Final = 1 << 19
"""Two hours and a half, with 60 a second."""
_MOST_IN_LINE: Final = 1 << 16
"""Bytes; the app's have a thousand."""
_TIME_ENDS: Final = np.array((100.0, 60.0, 61.0, 1000.0))
"""Hours, minutes, seconds and frames are smaller."""
_TIME: Final = "Timecode"
_COUNT: Final = "BlendShapeCount"
_DELIMITERS: Final = ",;\t"
_DROPPED: Final = ";"
"""Before the frames of a time code that leaves two frame numbers of 30 out at each minute, but not
at each tenth, so that it keeps pace with 1000/1001 of its rate."""
_TURNS: Final = ("HeadYaw", "HeadPitch", "HeadRoll")
_EYES: Final = tuple(
    f"{side}Eye{turn}" for side in ("Left", "Right") for turn in ("Yaw", "Pitch", "Roll")
)
_SWAPPED: Final = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}
"""The app has the right one first, other than Apple's list."""


def _columns() -> tuple[str, ...]:
    swap = _SWAPPED | {right: left for left, right in _SWAPPED.items()}
    units = [swap.get(name, name) for name in ARKIT_52]
    return tuple(name[0].upper() + name[1:] for name in units)


COLUMNS: Final[tuple[str, ...]] = (*_columns(), *_TURNS, *_EYES)
"""The 61 values of a frame, in the app's order."""


def read_live_link(path: Path, rate: float | None = None) -> FaceMotion:
    """A take. rate : frames a second of its time code; without it as many as it counts from one
    second to the next, or, in a take within one second, as many as Unreal takes it to have. A file
    without time code has that many rows a second, or 60.

    Raises OferError(BAD_REQUEST) for what is no such file.
    """
    try:
        with open_piece(path.resolve(), _MOST_BYTES) as file:
            motion = _motion(_rows(file), rate)
        motion.check()
        return motion
    except (OSError, ValueError, csv.Error) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no take of Live Link Face.",
            "Choose the CSV file that the app shares, with a column for each ARKit unit.",
            name=path.name,
        ) from cause


def write_live_link(path: Path, motion: FaceMotion) -> None:
    """Write a take whole or not at all. Raises OferError(DISK_FULL | READ_ONLY)."""
    write_whole(path, live_link_text(motion))


def live_link_text(motion: FaceMotion) -> bytes:
    """A take as its file has it, nine digits behind the point. Frames that no time code of the app
    counts, as films have them, lie between its frames."""
    angles = np.hstack((motion.head, motion.left_eye, motion.right_eye))
    units = {name.lower(): motion.weights[:, place] for place, name in enumerate(ARKIT_52)}
    values = [units[name.lower()] for name in COLUMNS[: len(ARKIT_52)]]
    table = np.column_stack((*values, angles))
    slow, fast = _APP_RATES
    usual = np.median(np.diff(motion.times)) if len(motion.times) > 1 else 1 / slow
    rate = slow if usual > 2 / (slow + fast) else fast
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((_TIME, _COUNT, *COLUMNS))
    for time, row in zip(motion.times, table, strict=True):
        writer.writerow((_time_code(float(time), rate), len(COLUMNS), *(f"{v:.9f}" for v in row)))
    return text.getvalue().encode()


def _rows(file: BinaryIO) -> Iterator[list[str]]:
    """Cells of each row, parted by what parts the heading's."""
    lines = _lines(file)
    heading = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=heading.count)
    return csv.reader(chain([heading], lines), delimiter=delimiter)


def _lines(file: BinaryIO) -> Iterator[str]:
    """Raises ValueError for a line longer than any."""
    encoding = "utf-8-sig"
    while line := file.readline(_MOST_IN_LINE):
        if len(line) == _MOST_IN_LINE:
            raise ValueError("a line longer than any of a take")
        yield line.decode(encoding)
        encoding = "utf-8"


def _motion(rows: Iterator[list[str]], rate: float | None) -> FaceMotion:
    header = next(rows, list[str]())
    places = {without_spelling(name): place for place, name in enumerate(header)}
    units = [places.get(without_spelling(name)) for name in ARKIT_52]
    if not any(place is not None for place in units):
        raise ValueError("no ARKit unit has a column")
    wanted = [*units, *(places.get(name.lower()) for name in (*_TURNS, *_EYES))]
    time = places.get(_TIME.lower())
    values, codes, dropped = array("d"), array("d"), False
    for count, row in enumerate(row for row in rows if _filled(row, wanted)):
        if len(row) != len(header) or count == _MOST_FRAMES:
            raise ValueError("rows of other lengths than the heading, or too many")
        values.extend(0.0 if place is None else _number(row[place]) for place in wanted)
        if time is not None:
            codes.extend(_parts(row[time]))
            dropped = dropped or _DROPPED in row[time]
    table = np.array(values).reshape(-1, len(wanted))
    if not len(table):
        raise ValueError("no frames")
    times = (
        np.arange(len(table)) / (rate or _APP_RATES[-1])
        if time is None
        else _seconds(np.array(codes).reshape(-1, len(_TIME_ENDS)), rate, dropped)
    )
    weights, angles = np.split(table, (len(ARKIT_52),), axis=1)
    return FaceMotion(times, weights, angles[:, :3], angles[:, 3:6], angles[:, 6:])


def _filled(row: list[str], wanted: list[int | None]) -> bool:
    """A row holds a face: not so one that a spreadsheet left empty, or with a time alone."""
    return any(place is not None and row[place : place + 1] not in ([], [""]) for place in wanted)


def _number(cell: str) -> float:
    """Of a cell, 0 of an empty one; a spreadsheet may write a comma for the point."""
    return float(cell.replace(",", ".") or 0)


def _parts(code: str) -> list[float]:
    """Hours, minutes, seconds and frames of a time code."""
    parts = [_number(part) for part in code.replace(_DROPPED, ":").split(":", len(_TIME_ENDS))]
    if len(parts) != len(_TIME_ENDS):
        raise ValueError("no time code")
    return parts


def _seconds(parts: np.ndarray, rate: float | None, dropped: bool) -> np.ndarray:
    """(F,) seconds since the first of the time codes (F, 4); a take may run past midnight.
    dropped : whether they say that they leave frame numbers out."""
    if not ((parts >= 0) & (parts < _TIME_ENDS)).all():  # also catches NaN
        raise ValueError("no time codes")
    whole, frames = parts[:, :3] @ np.array((3600.0, 60.0, 1.0)), parts[:, 3]
    chosen = rate or _rate(whole, frames)
    seconds = whole + frames / chosen
    minutes, each = whole // 60, round(chosen / 15)
    counted = (minutes % 10 > 0) & (whole % 60 == 0) & (frames < each)
    if dropped and not counted.any():
        seconds = (seconds - each / chosen * (minutes - minutes // 10)) * 1001 / 1000
    seconds[seconds < seconds[0]] += 24 * 3600
    if (np.diff(seconds) < 0).any():
        raise ValueError("time runs backwards")
    return seconds - seconds[0]


def _rate(whole: np.ndarray, frames: np.ndarray) -> float:
    """Frames that a second of a time code has. whole : (F,) its full seconds; frames : (F,)."""
    largest = math.floor(frames.max())
    steps, seconds = np.diff(frames), np.diff(whole)
    within, across = steps[seconds == 0], steps[seconds == 1]
    if len(within) and len(across):
        counted = float(np.median(within) - np.median(across))
        fitting = [each for each in _RATES if largest < each] or [largest + 1]
        near = min(fitting, key=lambda each: abs(each - counted))
        if abs(near - counted) < near / 10:
            return near
        if counted > largest:
            return round(counted)
    return next((each for each in _APP_RATES if largest < each), largest + 1)


def _time_code(seconds: float, rate: int) -> str:
    thousandths = round(seconds * rate * 1000)
    whole, part = divmod(thousandths, 1000)
    second, frame = divmod(whole, rate)
    hours, rest = divmod(second, 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}:{frame:02d}.{part:03d}"
