"""What a client asks the engine for: see `protocol`."""

from __future__ import annotations

from dataclasses import dataclass

from .records import NO_HINTS, Hints, Mode, PinRecord, Show
from .sampling import DEFAULT_SAMPLER, DEFAULT_STEPS
from .skin import Layout

PICTURE_SIDE = 1024
"""Pixels of an opened photo's picture, of which `PhotoOpened` tells the photo's own."""


@dataclass(frozen=True)
class Hello:
    """First request; the engine answers `Ready`, or `Failure` protocol_mismatch and exits."""

    protocol: int


@dataclass(frozen=True)
class OpenPhoto:
    """Read a photo and list its faces; answered by `PhotoOpened`.

    picture : path of the .npy to write for choosing a face on, in a folder of the client's: the
    upright photo, (H, W, 3) uint8 sRGB, at most `PICTURE_SIDE` on its longer side; or empty.
    """

    id: int
    path: str
    picture: str = ""


@dataclass(frozen=True)
class PhotoFace:
    """One face of one photo, and what of it must not be believed.

    face : index into the faces of `PhotoOpened`; box : (x, y, w, h) photo pixels placed by hand
    instead, or empty; points : (6,) x and y of one eye, the other eye and the chin, photo pixels,
    placed by hand instead of both, or empty; hidden : `HiddenRegion`s that the photo does not show;
    mask : path of a PNG over the whole photo, bright where it does not show the person, or empty.
    """

    path: str
    face: int = 0
    box: tuple[float, ...] = ()
    points: tuple[float, ...] = ()
    hidden: tuple[str, ...] = ()
    mask: str = ""


@dataclass(frozen=True)
class Reconstruct:
    """Turn one face of one or more photos into ranked heads and expressions in a `NAME.ofer`.

    photos : all of one person, the main one first; out : folder that will hold `name + ".ofer"`,
    or, where that is there already, the same with a number, unless overwrite says to replace it;
    identities : candidates drawn and ranked; keep : how many are written; show : a `Show`, the
    likeliest of them or the likeliest one and those that differ most; as published always the
    former; expressions : hypotheses drawn for each photo, on the best identity; mode : a `Mode`;
    hints : only those that the pack knows; guidance : 0..1, how strongly the drawing is pulled
    towards the points seen in the photos, 0 not at all.
    """

    id: int
    photos: tuple[PhotoFace, ...]
    out: str
    name: str
    pack: str = "open"
    identities: int = 100
    keep: int = 10
    expressions: int = 15
    seed: int = 0
    sampler: str = DEFAULT_SAMPLER
    steps: int = DEFAULT_STEPS
    mode: str = Mode.CORRECTED
    hints: Hints = NO_HINTS
    guidance: float = 0.0
    overwrite: bool = False
    show: str = Show.DIVERSE


@dataclass(frozen=True)
class MoreLikeThis:
    """Draw new heads near one of a reconstruction; the photo is not needed again.

    folder : the `NAME.ofer`; out, name : where a copy of it with the new heads added is written,
    which may be the folder itself, and is never another that is there already; rows, weights : the
    head, as the sum of weights times rows of `identity_coefficients` (what the weights miss to 1 is
    the pack's mean head); strength : 0 gives that head again, 1 draws afresh; pins : at most
    `record_sense.MOST_PINS` points of the head, each inside its photo, that the new heads obey;
    hints : in place of the reconstruction's, which count where none are given; the rest as in
    `Reconstruct`.
    """

    id: int
    folder: str
    out: str
    name: str
    rows: tuple[int, ...]
    weights: tuple[float, ...]
    strength: float = 0.5
    identities: int = 40
    keep: int = 10
    seed: int = 0
    sampler: str = DEFAULT_SAMPLER
    steps: int = DEFAULT_STEPS
    guidance: float = 0.0
    pins: tuple[PinRecord, ...] = ()
    hints: Hints = NO_HINTS


@dataclass(frozen=True)
class Express:
    """Put the expressions of a reconstruction on another head of it.

    folder, rows, weights : as in `MoreLikeThis`; out : path of the .npz that is written, with
    identity_vertices (V, 3), identity_joints (J, 3) and expression_vertices (E, V, 3), float32
    metres, engine frame; units : also arkit_units, expression_arkit and expression_arkit_residual,
    as the reconstruction has them for its best head.
    """

    id: int
    folder: str
    out: str
    rows: tuple[int, ...]
    weights: tuple[float, ...]
    units: bool = False


@dataclass(frozen=True)
class SkinPhoto:
    """A photo to paint a head from.

    path : empty where this photo of the reconstruction is not to be used; hidden : path of a PNG
    over the whole photo, bright where it does not show the skin, or empty.
    """

    path: str
    hidden: str = ""


@dataclass(frozen=True)
class Texture:
    """Paint a head of a reconstruction from its photos, into a folder of `skin.py`.

    folder, rows, weights : as in `MoreLikeThis`; photos : one for each of the reconstruction's
    views, in their order; out : the folder that is written, replaced when it is there; resolution :
    pixels, one of `skin.RESOLUTIONS`; layout : a `skin.Layout`; unwanted : path of a square PNG
    over the texture, bright where nothing of the photos is wanted, or empty; clean_shave : without
    beard or its shadow; paint_brows : False where brows of another kind lie over the skin.
    """

    id: int
    folder: str
    photos: tuple[SkinPhoto, ...]
    out: str
    rows: tuple[int, ...]
    weights: tuple[float, ...]
    resolution: int = 2048
    layout: str = Layout.FACE
    unwanted: str = ""
    clean_shave: bool = False
    paint_brows: bool = True


@dataclass(frozen=True)
class Picture:
    """Picture the heads of a reconstruction anew, as its thumbnails are, with the skin they wear.

    folder : the `NAME.ofer`; out : the folder that is written, with NAME.png of each hypothesis;
    albedo : path of the skin's square picture, or empty for clay; uv : path of its .npy, as in a
    folder of `skin.py`; iris : (3,) sRGB 0..1, the colour of the irises, or empty.
    """

    id: int
    folder: str
    out: str
    albedo: str = ""
    uv: str = ""
    iris: tuple[float, ...] = ()


@dataclass(frozen=True)
class Perform:
    """Read how a face moves in a video: a `NAME.ofer` of the person, with a folder `performance`.

    video : a video file, or a folder of numbered pictures; face, box : which face is followed, in
    the first frame that shows one, as in `PhotoFace`; rate : frames a second of pictures, 0 for 25;
    the rest as in `Reconstruct`. The frames that the head is made from are written into
    `name + "_frames"`, a take of Live Link Face into `name + ".csv"`. What was read of a video
    before the work was stopped lies hidden in `out`, and is gone on from.
    """

    id: int
    video: str
    out: str
    name: str
    pack: str = "open"
    identities: int = 100
    keep: int = 10
    seed: int = 0
    sampler: str = DEFAULT_SAMPLER
    steps: int = DEFAULT_STEPS
    guidance: float = 0.0
    face: int = 0
    box: tuple[float, ...] = ()
    rate: float = 0.0
    overwrite: bool = False


@dataclass(frozen=True)
class InspectWeights:
    """Recognise published weight files, to show whose licences bind them; nothing is taken over.

    paths : files or folders; answered by `WeightsInspected`.
    """

    id: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class InstallWeights:
    """Take over published weight files, whose licences the user has accepted.

    The `Result`'s path is the pack's folder; its notes say what was imported and what is missing.
    """

    id: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Cancel:
    """Stop the request in progress within half a second; answered by its `Cancelled`."""


@dataclass(frozen=True)
class Unload:
    """Forget the loaded pack and photo and give the memory back; answered by `Ready`."""


@dataclass(frozen=True)
class Quit:
    """End the engine; closing its stdin does the same."""
