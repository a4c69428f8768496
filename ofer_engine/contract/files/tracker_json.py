"""JSON of web trackers: frames, each with weights of ARKit units by name.

There is no published form; what is read is what trackers write. A frame may be

    {"jawOpen": 0.4, …}                                        weights by name
    {"timestamp": 1200, "blendshapes": {"jawOpen": 0.4, …}}    beside a time, under whatever name
    {"blendshapes": [{"categoryName": "jawOpen", "score": 0.4}, …]}
    {"faceBlendshapes": [{"categories": [{"categoryName": …, "score": …}, …]}],
     "facialTransformationMatrixes": [{"data": [16 numbers]}]}     MediaPipe's FaceLandmarkerResult

its frames a list or an object by their numbers, alone or in an object beside `fps`, or a line each.
Names may be told once, beside rows of numbers (NVIDIA's Audio2Face: `facsNames`, `weightMat`,
`exportFps`), or each unit has the list of its values. Names count however they are spelled
(`arkit.without_spelling`). MediaPipe: "Face landmark detection guide", `FaceLandmarkerResult`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from .. import strict_json
from ..arkit import ARKIT_52, UNITS, without_spelling
from ..errors import ErrorCode, OferError
from ..face_motion import FaceMotion, shares
from .frame_times import MILLISECONDS, TIMES, seconds_of
from .pieces import read_text

RATE: Final = 30.0
"""Frames a second where the file says neither that nor its times: a webcam's."""
_SLOWEST: Final = 1e-3
_FASTEST: Final = 1000
_MOST_BYTES: Final = 256 * 1024**2
_RATES: Final = ("fps", "frameRate", "frame_rate", "exportFps")
_DEEPEST: Final = 5
"""Lists and objects within each other, of a file around its frames, or of a frame."""
_MATRICES: Final = (
    "facialTransformationMatrixes", "facial_transformation_matrixes", "transformationMatrix",
)  # fmt: skip
_NAMES: Final = ("categoryName", "category_name", "name", "shape")
_SCORES: Final = ("score", "value", "weight")
_PLACES: Final = {name: ARKIT_52.index(unit) for name, unit in UNITS.items()}


def read_tracker_json(path: Path, rate: float | None = None) -> FaceMotion:
    """A take. rate : frames a second, instead of what the file says.

    Frames without a face are left out. Raises OferError(BAD_REQUEST) for what is no such file.
    """
    try:
        motion = _motion(read_text(path.resolve(), _MOST_BYTES), rate)
        motion.check()
        return motion
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no take of a face.",
            "Choose a JSON file that has weights of ARKit units, by name, for each frame.",
            name=path.name,
        ) from cause


def _motion(text: str, rate: float | None) -> FaceMotion:
    parsed = _parsed(text)
    whole = _fields(parsed)
    frames = _frames(parsed) or ([parsed] if _weights(parsed) else [])
    found = {number: content for number, each in enumerate(frames) if (content := _weights(each))}
    if not found:
        raise ValueError("no frame has a unit")
    weights = np.zeros((len(found), len(ARKIT_52)))
    for row, content in zip(weights, found.values(), strict=True):
        row[list(content)] = list(content.values())
    frames_a_second = rate or next((float(whole[name]) for name in _RATES if name in whole), RATE)
    if not _SLOWEST <= frames_a_second <= _FASTEST:
        raise ValueError("no frame rate")
    numbers = np.array(list(found))
    seen = [frames[number] for number in found]
    own = None if rate else _times(seen)
    times = (numbers - numbers[0]) / frames_a_second if own is None else own
    turns = np.array([_turn(frame) for frame in seen])
    still = np.zeros_like(turns)
    return FaceMotion(times, shares(weights), turns, still, still)


def _frames(content: Any, depth: int = 0) -> Sequence[Any]:
    """The frames wherever they are in a file, of which one at least has weights; or none."""
    if depth > _DEEPEST:
        return ()
    if isinstance(content, list):
        frames = cast("list[Any]", content)
        return frames if any(map(_weights, frames)) else ()
    fields = _fields(content)
    if rows := _rows(fields) or _columns(fields):
        return rows
    if len(fields) > 1 and all(name.isdecimal() for name in fields):
        return _frames([fields[name] for name in sorted(fields, key=int)], depth + 1)
    inner = (_frames(value, depth + 1) for value in fields.values())
    return next((frames for frames in inner if frames), ())


def _rows(fields: Mapping[str, Any]) -> Sequence[Any]:
    """Frames of numbers whose names are told once beside them."""
    names = next((each for each in fields.values() if _is_names(each)), None)
    if names is None:
        return ()
    for rows in fields.values():
        if isinstance(rows, list) and rows is not names and rows:
            frames = [_named(names, row) for row in cast("list[Any]", rows)]
            if all(frames):
                return frames
    return ()


def _named(names: Sequence[str], row: Any) -> dict[str, Any]:
    """A frame's numbers by name, beside what else it tells; nothing where it has none."""
    fields = _fields(row)
    for values in fields.values() if fields else (row,):
        if isinstance(values, list):
            numbers = cast("list[Any]", values)
            if len(numbers) == len(names) and all(map(strict_json.is_number, numbers)):
                return {**fields, **dict(zip(names, numbers, strict=True))}
    return {}


def _is_names(content: Any) -> bool:
    """A list of names, of which one at least is a unit's."""
    if not isinstance(content, list):
        return False
    names = cast("list[Any]", content)
    return all(isinstance(name, str) for name in names) and any(map(_place, names))


def _columns(fields: Mapping[str, Any]) -> Sequence[Any]:
    """Frames of units that have each the list of its values."""
    columns = {
        name: cast("list[Any]", values)
        for name, values in fields.items()
        if isinstance(values, list) and (_place(name) is not None or name in TIMES)
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _fields(content: Any) -> Mapping[str, Any]:
    """Of an object; none of anything else."""
    return cast("Mapping[str, Any]", content) if isinstance(content, Mapping) else {}


def _parsed(text: str) -> Any:
    """One JSON value, or the list of those of all lines; the last one may be cut off."""
    try:
        return strict_json.parse(text)
    except ValueError:
        *lines, last = [line for line in text.splitlines() if line.strip()] or [""]
        if not lines:
            raise
        values = [strict_json.parse(line) for line in lines]
    try:
        return [*values, strict_json.parse(last)]
    except ValueError:
        return values


def _place(name: str) -> int | None:
    """Of the unit of that name in ARKIT_52."""
    return _PLACES.get(without_spelling(name))


def _weights(frame: Any) -> dict[int, float]:
    """Weights of a frame by their place in ARKIT_52; none where it shows no face."""
    found = _face(frame, 0)
    if not all(map(math.isfinite, found.values())):
        raise ValueError("numbers without end")
    return found


def _face(content: Any, depth: int) -> dict[int, float]:
    """Weights wherever a frame has them; of several faces the first one's."""
    nothing: dict[int, float] = {}
    if depth > _DEEPEST:
        return nothing
    if isinstance(content, list):
        parts = cast("list[Any]", content)
        scores = [score for each in parts if (score := _score(each))]
        if scores:
            return dict(scores)
        inner = (_face(each, depth + 1) for each in parts)
    else:
        fields = _fields(content)
        named = ((_place(name), value) for name, value in fields.items())
        own = {
            place: float(value)
            for place, value in named
            if place is not None and strict_json.is_number(value)
        }
        if own:
            return own
        inner = (_face(value, depth + 1) for value in fields.values())
    return next((found for found in inner if found), nothing)


def _score(content: Any) -> tuple[int, float] | None:
    """Place and weight of a category, which tells its name beside its score."""
    fields = _fields(content)
    name = next((fields[key] for key in _NAMES if isinstance(fields.get(key), str)), None)
    score = next((fields[key] for key in _SCORES if strict_json.is_number(fields.get(key))), None)
    place = None if name is None else _place(name)
    return None if place is None or score is None else (place, float(score))


def _times(frames: Sequence[Any]) -> np.ndarray | None:
    """(F,) seconds since the first frame, where all say when they were."""
    for name in (*MILLISECONDS, *TIMES):
        values = [_fields(each).get(name) for each in frames]
        if all(map(strict_json.is_number, values)):
            return seconds_of(np.array(values, float), name in MILLISECONDS)
    return None


def _turn(frame: Any) -> tuple[float, float, float]:
    """Yaw, pitch and roll of MediaPipe's matrix, whose axes are X left, Y up, Z ahead of the
    subject; 0 without one."""
    matrix = _matrix(frame)
    if matrix is None:
        return 0.0, 0.0, 0.0
    if np.abs(matrix[3, :3]).max() > np.abs(matrix[:3, 3]).max():
        matrix = matrix.T  # column after column: the place is in the last row
    turn = matrix[:3, :3] / max(float(np.linalg.norm(matrix[:3, 0])), 1e-9)
    pitch = math.asin(float(np.clip(-turn[1, 2], -1, 1)))
    yaw = math.atan2(float(turn[0, 2]), float(turn[2, 2]))
    return yaw, pitch, math.atan2(float(turn[1, 0]), float(turn[1, 1]))


def _matrix(frame: Any) -> np.ndarray | None:
    """(4, 4) of the first face, None where the frame has none."""
    fields = _fields(frame)
    found = next((fields[key] for key in _MATRICES if fields.get(key)), None)
    faces = cast("list[Any]", found) if isinstance(found, list) else [found]
    values = _fields(faces[0]).get("data") if isinstance(faces[0], Mapping) else cast("Any", found)
    if values is None or faces[:1] == [None]:
        return None
    numbers = np.array(values, float).reshape(-1, 16)
    if not len(numbers):
        return None
    numbers = numbers[0]
    if not np.isfinite(numbers).all():
        raise ValueError("numbers without end")
    return numbers.reshape(4, 4)
