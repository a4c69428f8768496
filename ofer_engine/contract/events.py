"""What the engine tells a client: see `protocol`."""

from __future__ import annotations

from dataclasses import dataclass

from .sentence import SILENT, Sentence

HEARTBEAT_SECONDS = 2.0
"""The engine sends a `Heartbeat` at least this often, whatever it computes."""


@dataclass(frozen=True)
class FaceFound:
    """box : (x, y, w, h) photo pixels; score, confidence : 0..1."""

    box: tuple[float, ...]
    score: float
    confidence: float
    low_confidence: bool


@dataclass(frozen=True)
class Ready:
    """memory : resident megabytes of the engine process; packs : ids of the packs it can load;
    hinted : those that take `Hints`."""

    protocol: int
    engine: str
    device: str
    memory: int
    packs: tuple[str, ...]
    hinted: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhotoOpened:
    """width, height : pixels, upright; faces : best first; notes : sentences for the user."""

    id: int
    path: str
    width: int
    height: int
    faces: tuple[FaceFound, ...]
    notes: tuple[Sentence, ...]


@dataclass(frozen=True)
class WeightFile:
    """title, licence : as people know them; commercial : may results be sold under it; refusal :
    why the file cannot be used, one sentence, or empty."""

    path: str
    title: str
    licence: str
    commercial: bool
    refusal: Sentence = SILENT


@dataclass(frozen=True)
class WeightsInspected:
    """Every weight file that was inspected; maybe none."""

    id: int
    files: tuple[WeightFile, ...]


@dataclass(frozen=True)
class Stage:
    """name : what is being done, for people; step of `of` steps; eta : seconds left in all."""

    id: int
    name: Sentence
    step: int
    of: int
    eta: float


@dataclass(frozen=True)
class HypothesisReady:
    """A head can be shown before the `Result`; they come in the gallery's order,
    identities first.

    folder : holds the picture of this one in thumbnails/NAME.png already, and all arrays but those
    of ARKit; the record comes last. It lies beside the result's place, which it takes when it is
    whole; a request that fails takes it away again. kind : "identity" or "expression"; row : in
    `identity_vertices` or `expression_vertices`; name, rank, score : as in `Hypothesis`;
    number of `of` : of both kinds.
    """

    id: int
    folder: str
    kind: str
    name: str
    row: int
    rank: int
    score: float
    number: int
    of: int


@dataclass(frozen=True)
class Result:
    """path : the finished folder or file; notes : sentences for the user."""

    id: int
    path: str
    notes: tuple[Sentence, ...]


@dataclass(frozen=True)
class Failure:
    """code : an `ErrorCode` value; log : path of the engine's log, or empty. id 0: no request."""

    id: int
    code: str
    message: Sentence
    hint: Sentence
    log: str


@dataclass(frozen=True)
class Cancelled:
    """The request was stopped and has left nothing behind."""

    id: int


@dataclass(frozen=True)
class Heartbeat:
    """The engine is alive."""
