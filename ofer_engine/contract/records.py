"""What a reconstruction tells of itself: its photos, pack, settings and hypotheses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """How the networks are driven; what is published has quirks that research must repeat."""

    CORRECTED = "corrected"
    AS_PUBLISHED = "as-published"


class Show(StrEnum):
    """Which of the candidates are kept to choose from."""

    DIVERSE = "diverse"
    LIKELY = "likely"


class HiddenRegion(StrEnum):
    """Parts of a face that an artist may call hidden. Left and right are the subject's."""

    EYES = "eyes"
    EYE_LEFT = "eye_left"
    EYE_RIGHT = "eye_right"
    BROWS = "brows"
    FOREHEAD = "forehead"
    NOSE = "nose"
    MOUTH = "mouth"
    CHIN = "chin"
    BELOW_NOSE = "below_nose"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Hints:
    """What the artist says of the person; None where nothing is said.

    age : years; sex : 0 female .. 1 male; build : 0 slight .. 1 heavy.
    """

    age: float | None = None
    sex: float | None = None
    build: float | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the hints that are given."""
        return tuple(name for name in ("age", "sex", "build") if getattr(self, name) is not None)


NO_HINTS: Final = Hints()


@dataclass(frozen=True)
class PhotoRecord:
    """The photo itself is not kept. name : file name without folders; sha256 : of the file."""

    name: str
    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class FaceRecord:
    """box : (x, y, w, h) photo pixels; by_hand : placed by the user; confidence : 0..1."""

    box: tuple[float, ...]
    by_hand: bool
    confidence: float
    low_confidence: bool


@dataclass(frozen=True)
class CameraRecord:
    """Pinhole camera of the photo, frames as in `ofer_engine/heads/camera.py`.

    focal : pixels; centre : (2,) pixels; rotation : (9,) row-major; translation : (3,) metres;
    focal_known : read from the photo's EXIF, not assumed.
    """

    focal: float
    centre: tuple[float, ...]
    rotation: tuple[float, ...]
    translation: tuple[float, ...]
    width: int
    height: int
    focal_known: bool


@dataclass(frozen=True)
class View:
    """One photo as it was read.

    hidden : `HiddenRegion`s that were covered; mask : sha256 of the painted mask, or empty.
    """

    photo: PhotoRecord
    face: FaceRecord
    camera: CameraRecord
    hidden: tuple[str, ...] = ()
    mask: str = ""


@dataclass(frozen=True)
class PackRecord:
    """licence : SPDX name or title; claim : what a likeness from this pack may be called;
    hints : the fields of `Hints` that it knows."""

    id: str
    version: str
    title: str
    licence: str
    commercial: bool
    claim: str
    fingerprint: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class SettingsRecord:
    """What must be the same for the same bits on the same device."""

    seed: int
    sampler: str
    steps: int
    identities: int
    keep: int
    expressions: int
    device: str
    threads: int
    engine: str
    torch: str
    mode: str = Mode.CORRECTED
    hints: Hints = NO_HINTS
    guidance: float = 0.0
    show: str = Show.LIKELY


@dataclass(frozen=True)
class PinRecord:
    """A point of the head seen at a place in a photo.

    vertex : index of the point; place : (x, y) photo pixels, inside the photo; view : which of the
    photos, from 0.
    """

    vertex: int
    place: tuple[float, ...]
    view: int = 0


@dataclass(frozen=True)
class Addition:
    """A later draw near one head, and what gives the same bits again.

    rows, weights : the head, as a weighted sum of earlier rows of the coefficients; first : row of
    its first candidate; strength : 0..1, how far it was noised; pins : that the heads obey; hints
    : told then, if any.
    """

    seed: int
    sampler: str
    steps: int
    identities: int
    keep: int
    strength: float
    guidance: float
    rows: tuple[int, ...]
    weights: tuple[float, ...]
    first: int
    pins: tuple[PinRecord, ...] = ()
    hints: Hints = NO_HINTS

    @property
    def free(self) -> bool:
        """It is as the first draw: near no head, under no pins, with no other hints."""
        return self.strength == 1 and not self.pins and not self.hints.given


@dataclass(frozen=True)
class Hypothesis:
    """name : as the shape key and thumbnail are called; candidate : row of the coefficients.

    rank, score : within its own draw; rank : place in the gallery, the first is the likeliest;
    score : of an identity, the ranker's softmax share among the candidates of that draw
    (1/N knows nothing); of an expression 0: they are in the order of how typical they are. draw : 0
    is the first, n is `additions[n - 1]`; view : of an expression, whose photo it was drawn from.
    """

    name: str
    rank: int
    score: float
    candidate: int
    draw: int = 0
    view: int = 0
