"""Messages between the add-on (or any client) and the engine: one JSON object a line, UTF-8.

The client writes requests on the engine's stdin and reads events from its stdout. Arrays never
travel as JSON: a `Result` names a folder or a file. Every request but `Hello`, `Cancel`, `Unload`
and `Quit` carries an `id`; each event it causes repeats that id, and exactly one of `PhotoOpened`,
`WeightsSeen`, `Result`, `Failure` or `Cancelled` ends it.

A new kind of request is a dataclass in `requests.py`, its name in `Request`, and a module with its
answer in `ofer_engine/answers`.
"""

from __future__ import annotations

import dataclasses
import json
import typing

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
    WeightsSeen,
)
from .fields import from_fields
from .requests import (
    PICTURE_SIDE,
    Cancel,
    Express,
    Hello,
    InstallWeights,
    LookAtWeights,
    MoreLikeThis,
    OpenPhoto,
    PhotoFace,
    Quit,
    Reconstruct,
    SkinPhoto,
    Texture,
    Unload,
)

__all__ = [
    "Cancel", "Cancelled", "Event", "Express", "FaceFound", "Failure", "HEARTBEAT_SECONDS",
    "Heartbeat", "Hello", "HypothesisReady", "InstallWeights", "LookAtWeights", "MoreLikeThis",
    "OpenPhoto", "PICTURE_SIDE", "PROTOCOL_VERSION", "PhotoFace", "PhotoOpened", "Quit", "Ready",
    "Reconstruct", "Request", "Result", "SkinPhoto", "Stage", "Texture", "Unload", "WeightFile",
    "WeightsSeen", "decode_event", "decode_request", "encode", "failure",
]  # fmt: skip
"""This module is the door: requests and events are told apart for the reader's sake only."""

PROTOCOL_VERSION = 2

Request = (
    Hello | OpenPhoto | Reconstruct | MoreLikeThis | Express | Texture | LookAtWeights
    | InstallWeights | Cancel | Unload | Quit
)  # fmt: skip
Event = (
    Ready | PhotoOpened | WeightsSeen | Stage | HypothesisReady | Result | Failure | Cancelled
    | Heartbeat
)  # fmt: skip

_REQUESTS = {kind.__name__: kind for kind in typing.get_args(Request)}
_EVENTS = {kind.__name__: kind for kind in typing.get_args(Event)}


def encode(message: Request | Event) -> str:
    """One line of JSON without its newline; `type` holds the class name."""
    return json.dumps({"type": type(message).__name__} | dataclasses.asdict(message))


def decode_request(line: str) -> Request:
    """The request on a line. Raises OferError(BAD_REQUEST) where it is none."""
    return _decode(line, _REQUESTS)


def decode_event(line: str) -> Event:
    """The event on a line. Raises OferError(BAD_REQUEST) where it is none."""
    return _decode(line, _EVENTS)


def failure(id: int, error: OferError, log: str = "") -> Failure:
    """The event that tells an error."""
    return Failure(id, str(error.code), error.message, error.hint, log)


def _decode(line: str, kinds: dict[str, type]) -> typing.Any:
    try:
        fields = json.loads(line)
        return from_fields(kinds[fields.pop("type")], fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"This line is not a message of protocol {PROTOCOL_VERSION}: {line[:80]!r}.",
            "Use the engine and the add-on of the same release.",
        ) from cause
