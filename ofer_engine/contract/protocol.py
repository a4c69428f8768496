"""Messages between the add-on (or any client) and the engine: one JSON object a line, UTF-8.

The client writes requests on the engine's stdin and reads events from its stdout. Arrays never
travel as JSON: a `Result` names a reconstruction folder. Every request but `Hello`, `Cancel`,
`Unload` and `Quit` carries an `id`; each event it causes repeats that id, and exactly one of
`PhotoOpened`, `Result`, `Failure` or `Cancelled` ends it.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from dataclasses import dataclass

from .errors import ErrorCode, OferError
from .reconstruction import Mode

PROTOCOL_VERSION = 1
HEARTBEAT_SECONDS = 2.0
"""The engine sends a `Heartbeat` at least this often, whatever it computes."""


@dataclass(frozen=True)
class Hello:
    """First request; the engine answers `Ready`, or `Failure` protocol_mismatch and exits."""

    protocol: int


@dataclass(frozen=True)
class OpenPhoto:
    """Read a photo and list its faces; answered by `PhotoOpened`."""

    id: int
    path: str


@dataclass(frozen=True)
class Reconstruct:
    """Turn one face of a photo into ranked heads and expressions in a `NAME.ofer` folder.

    path : the photo; out : folder that will hold `name + ".ofer"`; face : index into the faces of
    `PhotoOpened`; box : (x, y, w, h) photo pixels placed by hand instead, or empty;
    identities : candidates drawn and ranked; keep : best-ranked ones written;
    expressions : expression hypotheses drawn for the best identity; mode : a `Mode`.
    """

    id: int
    path: str
    out: str
    name: str
    pack: str = "open"
    face: int = 0
    box: tuple[float, ...] = ()
    identities: int = 100
    keep: int = 10
    expressions: int = 15
    seed: int = 0
    sampler: str = "dpm_solver_pp_2m"
    steps: int = 20
    mode: str = Mode.CORRECTED


@dataclass(frozen=True)
class Cancel:
    """Stop the request in progress within one sampler step; answered by its `Cancelled`."""


@dataclass(frozen=True)
class Unload:
    """Forget the loaded pack and photo and give the memory back; answered by `Ready`."""


@dataclass(frozen=True)
class Quit:
    """End the engine; closing its stdin does the same."""


@dataclass(frozen=True)
class FaceFound:
    """box : (x, y, w, h) photo pixels; score, confidence : 0..1."""

    box: tuple[float, ...]
    score: float
    confidence: float
    low_confidence: bool


@dataclass(frozen=True)
class Ready:
    """memory : resident megabytes of the engine process; packs : ids of the packs it can load."""

    protocol: int
    engine: str
    device: str
    memory: int
    packs: tuple[str, ...]


@dataclass(frozen=True)
class PhotoOpened:
    """width, height : pixels, upright; faces : best first; notes : sentences for the user."""

    id: int
    path: str
    width: int
    height: int
    faces: tuple[FaceFound, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """name : what is being done, for people; step of `of` steps; eta : seconds left in all."""

    id: int
    name: str
    step: int
    of: int
    eta: float


@dataclass(frozen=True)
class Result:
    """path : the finished reconstruction folder; notes : sentences for the user."""

    id: int
    path: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """code : an `ErrorCode` value; log : path of the engine's log, or empty. id 0: no request."""

    id: int
    code: str
    message: str
    hint: str
    log: str


@dataclass(frozen=True)
class Cancelled:
    """The request was stopped and has left nothing behind."""

    id: int


@dataclass(frozen=True)
class Heartbeat:
    """The engine is alive."""


Request = Hello | OpenPhoto | Reconstruct | Cancel | Unload | Quit
Event = Ready | PhotoOpened | Stage | Result | Failure | Cancelled | Heartbeat

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
        return _read(kinds[fields.pop("type")], fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"This line is not a message of protocol {PROTOCOL_VERSION}: {line[:80]!r}.",
            "Use the engine and the add-on of the same release.",
        ) from cause


def _read(kind: type, fields: dict) -> typing.Any:
    hints = typing.get_type_hints(kind)
    if not set(fields) <= set(hints):
        raise KeyError(f"unknown fields {set(fields) - set(hints)}")
    return kind(**{name: _value(hints[name], value) for name, value in fields.items()})


def _value(hint: typing.Any, value: typing.Any) -> typing.Any:
    if isinstance(hint, types.GenericAlias):
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is no list")
        return tuple(_value(typing.get_args(hint)[0], item) for item in value)
    if dataclasses.is_dataclass(hint):
        return _read(typing.cast(type, hint), dict(value))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TypeError(f"{value!r} is no {hint.__name__}")
    return value
