"""Real people, two photos each: do both give the same head, and nobody else's?

Nothing is known of their true heads. But one person has one, so that whatever a second photo
changes is an error, and whatever two people share is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ...contract.errors import ErrorCode, OferError
from ...heads.open_head import OpenHead
from ...packs.open_pack import OpenPack
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from .cross_photo import LandmarkHead, SeenLandmarks
from .hypotheses import mean_identities
from .metrics import Interval, bootstrap, similarity
from .photo_files import SUFFIXES, middle_face
from .progress import OnMessage
from .verification import Separation, difference, separation, unlike

_FIRST, _SECOND = "_a", "_b"
_THIN: Final = 3
"""Of the face's points every third is enough to tell people apart."""
_OTHERS: Final = 4
"""Other people whose heads are fitted to each photo."""
_OTHER_NOISE: Final = 1_000_003
"""Seed for the second photos: by the same noise, a person's two heads would be alike whatever the
photos show."""


@dataclass(frozen=True)
class PersonFiles:
    """name : of the person; first, second : their two photos."""

    name: str
    first: Path
    second: Path


@dataclass(frozen=True, eq=False)
class PhotographedPeople:
    """N people with a face in both photos, as one or more packs read them.

    names : (N,); seen : landmarks of the first photos and of the second; contexts : of each pack,
    (2, N, C); left_out : names of people without a face in both photos.
    """

    names: tuple[str, ...]
    seen: tuple[tuple[SeenLandmarks, ...], tuple[SeenLandmarks, ...]]
    contexts: tuple[torch.Tensor, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class CrossPhoto:
    """Landmarks of a photo and heads whose pose, camera and expression alone are fitted to them.

    mm, root mean square over the landmarks in view, mean over photos: own, of the head read from
    the person's other photo; itself, from the same photo; another, from others' photos; mean_head.
    nearer : how often the own head leaves less than another's; nearer_than_mean : less than the
    mean head.
    """

    own: Interval
    itself: Interval
    another: Interval
    mean_head: Interval
    nearer: Interval
    nearer_than_mean: Interval


@dataclass(frozen=True)
class PeopleFigures:
    """What one pack makes of the people.

    coefficients : told apart by the cosine of the samples' mean; geometry : by the cosine of that
    head's face, in mm, of one size and in one place; both seen from the mean of all people;
    own_millimetres, other_millimetres : root mean square over the face between the heads of a
    person's two photos, and of two people's.
    """

    pack: str
    version: str
    people: int
    coefficients: Separation
    geometry: Separation
    own_millimetres: Interval
    other_millimetres: Interval
    cross_photo: CrossPhoto


@dataclass(frozen=True)
class Gain:
    """A pack's figures less those of another one on the same people, drawn again together."""

    coefficients: Separation
    geometry: Separation
    nearer: Interval


@dataclass(frozen=True, eq=False)
class PackMeasurements:
    """What is kept of one pack to compare it with another: unlikeness (N, N) in coefficients and in
    geometry, and how often (N,) a person's own head leaves less than another's."""

    figures: PeopleFigures
    coefficients: np.ndarray
    geometry: np.ndarray
    nearer: np.ndarray


def people_in(folder: Path) -> list[PersonFiles]:
    """People with `NAME_a` and `NAME_b`. Raises OferError(BAD_REQUEST) where there are not two."""
    files = {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES}
    names = [stem.removesuffix(_FIRST) for stem in files if stem.endswith(_FIRST)]
    found = [
        PersonFiles(name, files[name + _FIRST], files[name + _SECOND])
        for name in names
        if name + _SECOND in files
    ]
    if len(found) < 2:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{folder} does not hold two photos of at least two people.",
            "Name the photos of a person NAME{first}.jpg and NAME{second}.jpg.",
            folder=folder,
            first=_FIRST,
            second=_SECOND,
        )
    return found


def read_people(
    packs: Sequence[OpenPack],
    detector: FaceDetector,
    files: Sequence[PersonFiles],
    on_message: OnMessage,
) -> PhotographedPeople:
    """Both photos of each person: the face nearest to the middle, read by every pack.

    Raises OferError(NO_FACE) where fewer than four people have a face in both photos.
    """
    names, left_out, rows = [], [], []
    for number, person in enumerate(files):
        if number % 50 == 0:
            on_message(f"person {number} of {len(files)}")
        try:
            photos = [_read(packs, detector, path) for path in (person.first, person.second)]
        except OferError as error:
            if error.code not in (ErrorCode.NO_FACE, ErrorCode.FACE_TOO_SMALL):
                raise
            left_out.append(person.name)
            continue
        names.append(person.name)
        rows.append(photos)
    if len(names) < 4:
        raise OferError(
            ErrorCode.NO_FACE,
            "Only {names} people have a face in both photos.",
            "Give a folder with two photos each of at least four people.",
            names=len(names),
        )
    first, second = (tuple(photos[which][0] for photos in rows) for which in (0, 1))
    contexts = tuple(
        torch.stack([torch.cat([photos[which][1][pack] for photos in rows]) for which in (0, 1)])
        for pack in range(len(packs))
    )
    return PhotographedPeople(tuple(names), (first, second), contexts, tuple(left_out))


def _read(
    packs: Sequence[OpenPack], detector: FaceDetector, path: Path
) -> tuple[SeenLandmarks, list[torch.Tensor]]:
    photo = load_photo(path)
    face = middle_face(detector, photo)
    contexts = [pack.encode(photo, face).contexts.identity for pack in packs]
    return SeenLandmarks(face.landmarks[:, :2], (photo.width, photo.height)), contexts


def measure_people(
    pack: OpenPack,
    people: PhotographedPeople,
    contexts: torch.Tensor,
    samples: int,
    on_message: OnMessage,
) -> PackMeasurements:
    """Figures of one pack. contexts : (2, N, C) its own of `people`."""
    on_message(f"heads of {pack.record.id} {pack.record.version}")
    first, second = (
        mean_identities(pack, one, samples, seed)
        for one, seed in zip(contexts, (0, _OTHER_NOISE), strict=True)
    )
    by_coefficients = unlike(first, second)
    faces = [faces_beside_mean(pack.head, each) for each in (first, second)]
    by_geometry = unlike(*faces)
    own, other = rms_distances(*faces)
    on_message("heads fitted to the other photo's landmarks")
    cross, nearer = _cross_photo(pack.head, people, (first, second))
    figures = PeopleFigures(
        pack=pack.record.id,
        version=pack.record.version,
        people=len(people.names),
        coefficients=separation(by_coefficients),
        geometry=separation(by_geometry),
        own_millimetres=bootstrap(own),
        other_millimetres=bootstrap(other),
        cross_photo=cross,
    )
    return PackMeasurements(figures, by_coefficients, by_geometry, nearer)


def gain(measured: PackMeasurements, control: PackMeasurements) -> Gain:
    """What a pack gains over another on the same people."""
    return Gain(
        difference(measured.coefficients, control.coefficients),
        difference(measured.geometry, control.geometry),
        bootstrap(measured.nearer - control.nearer),
    )


def faces_beside_mean(head: OpenHead, identities: np.ndarray) -> np.ndarray:
    """(N, 3M) mm: faces of coefficients (N, K), laid on the mean face by similarities, less it."""
    ids = np.flatnonzero(head.face)[::_THIN]
    mean = head.template[ids] * 1000.0
    moved = np.tensordot(identities, head.identity[:, ids], 1) * 1000
    return (similarity(mean + moved, mean) - mean).reshape(len(identities), -1)


def rms_distances(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) root mean square distance of a person's two faces, and of theirs from all others'."""
    squares = np.square(first).sum(1)[:, None] + np.square(second).sum(1) - 2 * first @ second.T
    distances = np.sqrt(np.maximum(squares, 0) / (first.shape[1] / 3))
    own = np.diag(distances)
    return own, (distances.sum(axis=1) - own) / (len(own) - 1)


def _cross_photo(
    head: OpenHead, people: PhotographedPeople, identities: tuple[np.ndarray, np.ndarray]
) -> tuple[CrossPhoto, np.ndarray]:
    """Figures, and (N,) how often the own head leaves less than another's."""
    marked, count = LandmarkHead.of(head), len(people.names)
    rng = np.random.default_rng(0)
    photos = marked.without_common([*people.seen[0], *people.seen[1]])
    seen = photos[:count], photos[count:]
    rows = []
    for person in range(count):
        strangers = np.setdiff1d(np.arange(count), person)
        drawn = rng.choice(strangers, min(_OTHERS, len(strangers)), replace=False)
        both = []
        for drawn_from, shown in ((0, 1), (1, 0)):
            heads = [identities[drawn_from][person], identities[shown][person]]
            heads += [np.zeros_like(heads[0]), *identities[drawn_from][drawn]]
            left = marked.residuals(seen[shown][person], heads)
            own, itself, mean_head, others = left[0], left[1], left[2], left[3:]
            nearer = (own < others).mean(), float(own < mean_head)
            both.append((own, itself, others.mean(), mean_head, *nearer))
        rows.append(np.mean(both, axis=0))
    columns = np.array(rows).T
    return CrossPhoto(*(bootstrap(column) for column in columns)), columns[4]
