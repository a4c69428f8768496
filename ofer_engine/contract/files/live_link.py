"""The CSV of Epic's app Live Link Face: a time code, and 61 values a frame.

The app's columns are the 52 units of ARKit and nine angles. What is read may leave some out and
spell and order them otherwise, as other trackers do, which may tell times in place of a time code;
and it may have been stored by a spreadsheet that parts cells by semicolons or tabs. What is written
has the app's own form. A time code is hours:minutes:seconds:frames, with a fraction of a frame
behind the point; a semicolon before the frames says that frame numbers are dropped (SMPTE ST 12-1).
"""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

import numpy as np

from ..arkit import ARKIT_52, UNITS, without_spelling
from ..errors import ErrorCode, OferError
from ..face_motion import FaceMotion, shares
from .frame_times import MILLISECONDS, TIMES, seconds_of
from .pieces import encoding_of, open_piece
from .whole_file import write_whole

_RATES: Final = (24, 25, 30, 48, 50, 60)
"""Frames that a second of a time code has; a file does not say how many."""
_APP_RATES: Final = (30, 60)
"""Those of the app. Unreal knows no others: it takes each file for one of them."""
_MOST_BYTES: Final = 512 * 1024**2
_MOST_FRAMES: Final = 1 << 19
"""Two hours and a half, with 60 a second."""
_MOST_ABOVE: Final = 100
"""Lines above the heading."""
_MOST_IN_LINE: Final = 1 << 16
"""Bytes; the app's have a thousand."""
_TIME_ENDS: Final = np.array((100.0, 60.0, 61.0, 1000.0))
"""Hours, minutes, seconds and frames are smaller."""
_TIME: Final = "Timecode"
_TIME_COLUMNS: Final = tuple(dict.fromkeys(map(without_spelling, (_TIME, *TIMES, *MILLISECONDS))))
_MILLISECONDS: Final = tuple(map(without_spelling, MILLISECONDS))
_CLOCK: Final = re.compile(
    r"(?:\d{4}-\d\d-\d\d[T ])?(\d+):(\d+):(\d+(?:[.,]\d+)?)(?:[:;](\d+(?:[.,]\d*)?))?"
    r"(?:Z|[+-]\d\d:?\d\d)?"
)
"""A time code; or a time of day, with its date or without, as ISO 8601 has it."""
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
    second to the next, or, in a take within one second, as many as Unreal takes it to have. In a
    file without time code the times that it tells count, or else rows, that many a second, or 60.

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


def _rows(file: io.BufferedReader) -> Iterator[list[str]]:
    """Cells of the heading, which the first line is that names a unit, and of each row below it,
    parted by what parts the heading's."""
    lines = _lines(file)
    heading = next((line for line in islice(lines, _MOST_ABOVE) if _names_a_unit(line)), "")
    delimiter = max(_DELIMITERS, key=heading.count)
    return csv.reader(chain([heading], lines), delimiter=delimiter, skipinitialspace=True)


def _lines(file: io.BufferedReader) -> Iterator[str]:
    """Raises ValueError for a line longer than any."""
    text = io.TextIOWrapper(file, encoding_of(file.peek(4)))
    while line := text.readline(_MOST_IN_LINE):
        if len(line) == _MOST_IN_LINE:
            raise ValueError("a line longer than any of a take")
        yield line


def _names_a_unit(line: str) -> bool:
    return any(without_spelling(cell.strip('"')) in UNITS for cell in re.split("[,;\t]", line))


def _column(name: str) -> str:
    """The unit that a column is of, or else its name without spelling."""
    name = without_spelling(name)
    return UNITS.get(name, name)


def _motion(rows: Iterator[list[str]], rate: float | None) -> FaceMotion:
    header = next(rows, list[str]())
    places = {_column(name): place for place, name in enumerate(header)}
    units = [places.get(name) for name in ARKIT_52]
    if not any(place is not None for place in units):
        raise ValueError("no ARKit unit has a column")
    wanted = [*units, *(places.get(name.lower()) for name in (*_TURNS, *_EYES))]
    time = next((name for name in _TIME_COLUMNS if name in places), None)
    columns = [place for place in (*wanted, places.get(time or "")) if place is not None]
    values, times, dropped, cut_off = array("d"), list[tuple[float, ...]](), False, False
    for count, row in enumerate(row for row in rows if _filled(row, wanted)):
        if cut_off or count == _MOST_FRAMES:
            raise ValueError("rows of other lengths than the heading, or too many")
        if cut_off := len(row) <= max(columns):  # as the last one of a phone that was full
            continue
        if any(row[len(header) :]):
            raise ValueError("rows of other lengths than the heading")
        values.extend(0.0 if place is None else _number(row[place]) for place in wanted)
        if time is not None:
            code = row[places[time]]
            times.append(_time(code))
            dropped = dropped or _DROPPED in code
    table = np.array(values).reshape(-1, len(wanted))
    if not len(table):
        raise ValueError("no frames")
    weights, angles = np.split(table, (len(ARKIT_52),), axis=1)
    found = _times(times, rate, dropped, time in _MILLISECONDS)
    if found is None:
        found = np.arange(len(table)) / (rate or _APP_RATES[-1])
    return FaceMotion(found, shares(weights), angles[:, :3], angles[:, 3:6], angles[:, 6:])


def _filled(row: list[str], wanted: list[int | None]) -> bool:
    """A row holds a face: not so one that a spreadsheet left empty, or with a time alone."""
    return any(place is not None and row[place : place + 1] not in ([], [""]) for place in wanted)


def _number(cell: str) -> float:
    """Of a cell, 0 of an empty one; a spreadsheet may write a comma for the point."""
    return float(cell.replace(",", ".") or 0)


def _time(cell: str) -> tuple[float, ...]:
    """Hours, minutes, seconds and frames of a time code or of a clock, which has no frames; or one
    number. Raises ValueError."""
    found = _CLOCK.fullmatch(cell.strip())
    return (
        (_number(cell),) if found is None else tuple(_number(part or "") for part in found.groups())
    )


def _times(
    times: list[tuple[float, ...]], rate: float | None, dropped: bool, milliseconds: bool
) -> np.ndarray | None:
    """(F,) seconds since the first time; None where none are told, or a rate in their place."""
    parts = np.array(times, float)  # ValueError where they have not one form
    if not len(parts) or (parts.shape[1] == 1 and rate):
        return None
    if parts.shape[1] == 1:
        return seconds_of(parts[:, 0], milliseconds)
    return _seconds(parts, rate, dropped)


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
