"""The CSV of Epic's app Live Link Face: a time code, and 61 values a frame.

The app's columns are the 52 units of ARKit and nine angles. What is read may leave some out and
name them in another case or order, as other trackers do; what is written has the app's own form. A
time code is hours:minutes:seconds:frames, with a fraction of a frame behind the point.
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from ..arkit import ARKIT_52
from ..errors import ErrorCode, OferError
from ..face_motion import FaceMotion
from .pieces import open_piece
from .whole_file import write_whole

RATES: Final = (24, 25, 30, 60)
"""Frames a second that the app records with; a file does not say with which."""
_MOST_BYTES: Final = 512 * 1024**2
_MOST_FRAMES: Final = 1 << 19
"""Two hours and a half, with 60 a second."""
_MOST_IN_LINE: Final = 1 << 16
"""Bytes; the app's have a thousand."""
_TIME_ENDS: Final = np.array((100.0, 60.0, 61.0, 1000.0))
"""Hours, minutes, seconds and frames are smaller."""
_TIME: Final = "Timecode"
_COUNT: Final = "BlendShapeCount"
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
    """A take. rate : frames a second of its time code; without it the smallest of `RATES` that its
    largest frame number fits into. A file without time code has that many rows a second, or 60.

    Raises OferError(BAD_REQUEST) for what is no such file.
    """
    try:
        with open_piece(path.resolve(), _MOST_BYTES) as file:
            motion = _motion(csv.reader(_lines(file)), rate)
        motion.check()
        return motion
    except (OSError, ValueError, csv.Error) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no take of Live Link Face.",
            "Choose the CSV file that the app shares, with a column for each ARKit unit.",
            name=path.name,
        ) from cause


def write_live_link(path: Path, motion: FaceMotion, rate: int) -> None:
    """Write a take whole or not at all. rate : as for `live_link_text`.

    Raises OferError(DISK_FULL | READ_ONLY).
    """
    write_whole(path, live_link_text(motion, rate))


def live_link_text(motion: FaceMotion, rate: int) -> bytes:
    """A take as its file has it, nine digits behind the point. rate : frames a second of its time
    code."""
    angles = np.hstack((motion.head, motion.left_eye, motion.right_eye))
    units = {name.lower(): motion.weights[:, place] for place, name in enumerate(ARKIT_52)}
    values = [units[name.lower()] for name in COLUMNS[: len(ARKIT_52)]]
    table = np.column_stack((*values, angles))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((_TIME, _COUNT, *COLUMNS))
    for time, row in zip(motion.times, table, strict=True):
        writer.writerow((_time_code(float(time), rate), len(COLUMNS), *(f"{v:.9f}" for v in row)))
    return text.getvalue().encode()


def _lines(file: BinaryIO) -> Iterator[str]:
    """Raises ValueError for a line longer than any."""
    encoding = "utf-8-sig"
    while line := file.readline(_MOST_IN_LINE):
        if len(line) == _MOST_IN_LINE:
            raise ValueError("a line longer than any of a take")
        yield line.decode(encoding)
        encoding = "utf-8"


def _motion(rows: Iterator[list[str]], rate: float | None) -> FaceMotion:
    filled = (row for row in rows if row)
    header = next(filled, list[str]())
    places = {name.strip().lower(): place for place, name in enumerate(header)}
    units = [places.get(name.lower()) for name in ARKIT_52]
    if not any(place is not None for place in units):
        raise ValueError("no ARKit unit has a column")
    wanted = [*units, *(places.get(name.lower()) for name in (*_TURNS, *_EYES))]
    time = places.get(_TIME.lower())
    values, codes = array("d"), array("d")
    for count, row in enumerate(filled):
        if len(row) != len(header) or count == _MOST_FRAMES:
            raise ValueError("rows of other lengths than the heading, or too many")
        values.extend(0.0 if place is None else float(row[place] or 0) for place in wanted)
        if time is not None:
            codes.extend(_parts(row[time]))
    table = np.array(values).reshape(-1, len(wanted))
    if not len(table):
        raise ValueError("no frames")
    times = (
        np.arange(len(table)) / (rate or RATES[-1])
        if time is None
        else _seconds(np.array(codes).reshape(-1, len(_TIME_ENDS)), rate)
    )
    weights, angles = np.split(table, (len(ARKIT_52),), axis=1)
    return FaceMotion(times, weights, angles[:, :3], angles[:, 3:6], angles[:, 6:])


def _parts(code: str) -> list[float]:
    """Hours, minutes, seconds and frames of a time code."""
    parts = [float(part) for part in code.split(":", len(_TIME_ENDS))]
    if len(parts) != len(_TIME_ENDS):
        raise ValueError("no time code")
    return parts


def _seconds(parts: np.ndarray, rate: float | None) -> np.ndarray:
    """(F,) seconds since the first of the time codes (F, 4); a take may run past midnight."""
    if not ((parts >= 0) & (parts < _TIME_ENDS)).all():  # also catches NaN
        raise ValueError("no time codes")
    largest = math.floor(parts[:, 3].max())
    chosen = rate or next((each for each in RATES if largest < each), largest + 1)
    seconds = parts @ np.array((3600.0, 60.0, 1.0, 1.0 / chosen))
    seconds[seconds < seconds[0]] += 24 * 3600
    if (np.diff(seconds) < 0).any():
        raise ValueError("time runs backwards")
    return seconds - seconds[0]


def _time_code(seconds: float, rate: int) -> str:
    thousandths = round(seconds * rate * 1000)
    whole, part = divmod(thousandths, 1000)
    second, frame = divmod(whole, rate)
    hours, rest = divmod(second, 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}:{frame:02d}.{part:03d}"
