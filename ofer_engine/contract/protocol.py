"""Messages between the add-on (or any client) and the engine: one JSON object a line, UTF-8.

The client writes requests on the engine's stdin and reads events from its stdout. Arrays never
travel as JSON: a `Result` names a folder or a file. What people read is a `Sentence`, whose
template and values travel. Every request but `Hello`, `Cancel`, `Unload` and `Quit` carries an
`id`; each event it causes repeats that id, and exactly one of `PhotoOpened`, `WeightsInspected`,
`Result`, `Failure` or `Cancelled` ends it.

A new kind of request is a dataclass in `requests.py`, its name in `Request`, and a module with its
answer in `ofer_engine/handlers`.
"""

from __future__ import annotations

import json
import re
import typing

from . import strict_json
from .errors import ErrorCode, OferError
from .events import (
    HEARTBEAT_SECONDS,
    Cancelled,
    FaceFound,
    Failure,
    Heartbeat,
    HypothesisReady,
    PhotoOpened,
    Ready,
    Result,
    Stage,
    WeightFile,
    WeightsInspected,
)
from .fields import from_fields, to_fields
from .lines import LONGEST
from .requests import (
    PICTURE_SIDE,
    Cancel,
    Express,
    Hello,
    InspectWeights,
    InstallWeights,
    MoreLikeThis,
    OpenPhoto,
    Perform,
    PhotoFace,
    Picture,
    Quit,
    Reconstruct,
    SkinPhoto,
    Texture,
    Unload,
)

__all__ = [
    "Cancel", "Cancelled", "Event", "Express", "FaceFound", "Failure", "HEARTBEAT_SECONDS",
    "Heartbeat", "Hello", "HypothesisReady", "InspectWeights", "InstallWeights", "MoreLikeThis",
    "OpenPhoto", "PICTURE_SIDE", "PROTOCOL_VERSION", "Perform", "PhotoFace", "PhotoOpened",
    "Picture", "Quit", "Ready", "Reconstruct", "Request", "Result", "SkinPhoto", "Stage", "Texture",
    "Unload",
    "WeightFile", "WeightsInspected", "decode_event", "decode_request", "encode", "failure",
    "is_last_word",
]  # fmt: skip
"""Requests and events stand in modules of their own; who speaks the protocol imports from here."""

PROTOCOL_VERSION = 4

Request = (
    Hello | OpenPhoto | Reconstruct | MoreLikeThis | Express | Texture | Picture | Perform
    | InspectWeights | InstallWeights | Cancel | Unload | Quit
)  # fmt: skip
Event = (
    Ready | PhotoOpened | WeightsInspected | Stage | HypothesisReady | Result | Failure | Cancelled
    | Heartbeat
)  # fmt: skip

_REQUESTS = {kind.__name__: kind for kind in typing.get_args(Request)}
_EVENTS = {kind.__name__: kind for kind in typing.get_args(Event)}
_ENDS = (PhotoOpened, WeightsInspected, Result, Failure, Cancelled)
_LAST_WORD = re.compile(rf'"type": ?"({"|".join(kind.__name__ for kind in _ENDS)})"')


def encode(message: Request | Event) -> str:
    """One line of JSON without its newline; `type` holds the class name.

    Raises ValueError for a number that is not finite: nobody would understand the line.
    """
    fields = {"type": type(message).__name__} | to_fields(message)
    return json.dumps(fields, allow_nan=False)


def decode_request(line: str) -> Request:
    """The request on a line. Raises OferError(BAD_REQUEST) where it is none."""
    return _decode(line, _REQUESTS)


def decode_event(line: str) -> Event:
    """The event on a line. Raises OferError(BAD_REQUEST) where it is none."""
    return _decode(line, _EVENTS)


def failure(id: int, error: OferError, log: str = "") -> Failure:
    """The event that tells an error."""
    return Failure(id, str(error.code), error.message, error.hint, log)


def is_last_word(line: str) -> bool:
    """Whether a line that cannot be decoded was meant to end a request: whoever waits for its
    answer would wait for ever. What a library prints is not.
    """
    return _LAST_WORD.search(line) is not None and '"id"' in line


def _decode(line: str, kinds: dict[str, type]) -> typing.Any:
    try:
        if len(line) > LONGEST:
            raise ValueError("it is longer than any message")
        fields = strict_json.parse_object(line, paths=True)
        kind = fields.pop("type", None)
        if not isinstance(kind, str) or kind not in kinds:
            raise ValueError("it is of no known kind")
        return from_fields(kinds[kind], fields)
    except ValueError as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "This line is not a message of protocol {version}: {line}.",
            "Use the engine and the add-on of the same release.",
            version=PROTOCOL_VERSION,
            line=repr(line[:80]),
        ) from cause
