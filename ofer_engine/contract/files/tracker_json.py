"""JSON of web trackers: a list of frames, each with weights of ARKit units by name.

There is no published form; what is read is what trackers write. A frame may be

    {"jawOpen": 0.4, …}                                        weights by name
    {"timestamp": 1200, "blendshapes": {"jawOpen": 0.4, …}}    beside a time
    {"blendshapes": [{"categoryName": "jawOpen", "score": 0.4}, …]}
    {"faceBlendshapes": [{"categories": [{"categoryName": …, "score": …}, …]}],
     "facialTransformationMatrixes": [{"data": [16 numbers]}]}     MediaPipe's FaceLandmarkerResult

its frames a list, a list under `frames` beside `fps`, or a line each. NVIDIA's Audio2Face writes
all at once: `facsNames`, `weightMat` and `exportFps`. Names count however they are spelled
(`arkit.without_spelling`). MediaPipe: "Face landmark detection guide", `FaceLandmarkerResult`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from .. import strict_json
from ..arkit import ARKIT_52, UNITS, without_spelling
from ..errors import ErrorCode, OferError
from ..face_motion import FaceMotion
from .pieces import read_piece

RATE: Final = 30.0
"""Frames a second where the file says neither that nor its times: a webcam's."""
_FASTEST: Final = 1000
_MOST_BYTES: Final = 256 * 1024**2
_FRAMES: Final = ("frames", "data", "results", "recording")
_RATES: Final = ("fps", "frameRate", "frame_rate", "exportFps")
_SHAPES: Final = (
    "blendshapes", "blendShapes", "faceBlendshapes", "face_blendshapes", "weights", "categories",
)  # fmt: skip
_MATRICES: Final = (
    "facialTransformationMatrixes", "facial_transformation_matrixes", "transformationMatrix",
)  # fmt: skip
_NAMES: Final = ("categoryName", "category_name", "name", "shape")
_SCORES: Final = ("score", "value", "weight")
_MILLISECONDS: Final = ("timestampMs", "timestamp_ms", "timeMs", "time_ms")
_TIMES: Final = ("timestamp", "timeStamp", "time", "t")
_PERCENT: Final = 2.0
"""A largest weight above this is one of percents."""
_PLACES: Final = {name: ARKIT_52.index(unit) for name, unit in UNITS.items()}


def read_tracker_json(path: Path, rate: float | None = None) -> FaceMotion:
    """A take. rate : frames a second, instead of what the file says.

    Frames without a face are left out. Raises OferError(BAD_REQUEST) for what is no such file.
    """
    try:
        motion = _motion(read_piece(path.resolve(), _MOST_BYTES).decode("utf-8-sig"), rate)
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
    frames = _listed(parsed, whole)
    found = {number: content for number, each in enumerate(frames) if (content := _weights(each))}
    if not found:
        raise ValueError("no frame has a unit")
    weights = np.zeros((len(found), len(ARKIT_52)))
    for row, content in zip(weights, found.values(), strict=True):
        row[list(content)] = list(content.values())
    if weights.max() > _PERCENT:
        weights /= 100
    frames_a_second = rate or next((float(whole[name]) for name in _RATES if name in whole), RATE)
    if not 0 < frames_a_second <= _FASTEST:
        raise ValueError("no frame rate")
    numbers = np.array(list(found))
    seen = [frames[number] for number in found]
    own = None if rate else _times(seen)
    times = (numbers - numbers[0]) / frames_a_second if own is None else own
    turns = np.array([_turn(frame) for frame in seen])
    still = np.zeros_like(turns)
    return FaceMotion(times, weights, turns, still, still)


def _listed(parsed: Any, whole: Mapping[str, Any]) -> Sequence[Any]:
    """The frames, whose weights have names."""
    if "weightMat" in whole:
        names = [str(name) for name in whole["facsNames"]]
        return [dict(zip(names, row, strict=True)) for row in whole["weightMat"]]
    inner = next((whole[name] for name in _FRAMES if name in whole), parsed)
    if not isinstance(inner, list):
        raise ValueError("it has no frames")
    return cast("list[Any]", inner)


def _fields(content: Any) -> Mapping[str, Any]:
    """Of an object; none of anything else."""
    return cast("Mapping[str, Any]", content) if isinstance(content, Mapping) else {}


def _parsed(text: str) -> Any:
    """One JSON value, or the list of those of all lines."""
    try:
        return strict_json.parse(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [strict_json.parse(line) for line in lines]


def _weights(frame: Any) -> dict[int, float]:
    """Weights of a frame by their place in ARKIT_52; none where it shows no face."""
    found: dict[int, float] = {}
    for name, score in _scores(frame, 0):
        place = _PLACES.get(without_spelling(name))
        if place is not None:
            weight = float(score)
            if not math.isfinite(weight):
                raise ValueError("numbers without end")
            found[place] = weight
    return found


def _scores(content: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Names and scores wherever a frame has them; of several faces the first."""
    if depth > 4:
        return
    if isinstance(content, Mapping):
        fields = _fields(content)
        name = next((fields[key] for key in _NAMES if isinstance(fields.get(key), str)), None)
        score = next((fields[key] for key in _SCORES if key in fields), None)
        inner = next((fields[key] for key in _SHAPES if key in fields), None)
        if isinstance(inner, Mapping | list):
            yield from _scores(inner, depth + 1)
        elif name is not None and strict_json.is_number(score):
            yield name, score
        else:
            yield from ((k, v) for k, v in fields.items() if strict_json.is_number(v))
    elif isinstance(content, list):
        parts = cast("list[Any]", content)
        for each in parts[:1] if parts and _is_face(parts[0]) else parts:
            yield from _scores(each, depth + 1)


def _is_face(content: Any) -> bool:
    """It has scores of its own in it, and is no score."""
    return isinstance(content, list) or (isinstance(content, Mapping) and "categories" in content)


def _times(frames: Sequence[Any]) -> np.ndarray | None:
    """(F,) seconds since the first frame, where all say when they were."""
    for name in (*_MILLISECONDS, *_TIMES):
        values = [_fields(each).get(name) for each in frames]
        if all(map(strict_json.is_number, values)):
            return _seconds(np.array(values, float), name in _MILLISECONDS)
    return None


def _seconds(times: np.ndarray, milliseconds: bool) -> np.ndarray:
    """Times count from anywhere; their usual step tells whether they are seconds, milli- or
    microseconds."""
    steps = np.diff(times)
    if not np.isfinite(times).all() or (steps < 0).any():
        raise ValueError("time runs backwards")
    usual = float(np.median(steps)) if len(steps) else 0.0
    unit = 1e-3 if milliseconds or 1 <= usual < 1000 else 1e-6 if usual >= 1000 else 1.0
    return (times - times[0]) * unit


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
