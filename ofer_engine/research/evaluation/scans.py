"""Real people with a scan: how far the heads of their photos lie from it.

The protocol is NoW's (`now`), which lets a head grow or shrink to fit, but for the eyes, which are
left out. Where a scan is not in millimetres, lengths are given as if it were as large as the mean
head laid on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...geometry.similarity import Similarity, best_similarity
from ...geometry.triangles import triangulate
from ...heads.open_head import OpenHead
from ...packs.open_pack import OpenPack
from ...packs.pack import PhotoEvidence
from ...photo.faces import FaceDetector
from ...photo.load import load_photo
from ...pipeline import Reconstructor
from ...published.benchmarks.predictions import SEEN_PARTS, HeadMesh, even
from ...published.benchmarks.scan_alignment import (
    DETECTOR_LANDMARKS,
    refine,
)
from ...published.benchmarks.scoring import FaceScan
from .photo_files import middle_face
from .scan_floor import nearest_identity
from .scanned_people import ScannedFiles
from .shown_scan import find_landmarks, front_of, outside, portraits

_POINTS: Final = 3000
_MEASURED: Final = 10
"""Samples of all photos together that are measured, even over the ranks."""
_EYE: Final = 0.6
"""Widths of an eye, from its middle: nearer points do not count. Lids are open or closed, and a
scanner sees neither lashes nor wet eyeballs rightly."""
_MILLIMETRES: Final = (70.0, 120.0)
"""Between the outer corners of the eyes: then the scan's unit is the millimetre."""
CONTENDERS: Final = {
    "mean_head": "mean head (control)",
    "another": "another person's photos (control)",
    "ranked_first": "ranked first, each photo by itself",
    "samples_mean": "mean of the samples, each photo by itself",
    "ranked_first_together": "ranked first, all photos together",
    "samples_mean_together": "mean of the samples, all photos together",
    "average_sample": "average sample",
    "best_sample": "best of the samples measured (oracle)",
    "floor": "best that the basis can do (floor)",
}


@dataclass(frozen=True)
class ScanError:
    """mm of the scan's points from a head: median and mean."""

    median: float
    mean: float


@dataclass(frozen=True)
class ScanFigures:
    """name : of the person; photos, points : how many; unit : millimetres that one unit of the scan
    is taken for; errors : by the names of CONTENDERS."""

    name: str
    photos: int
    points: int
    unit: float
    errors: dict[str, ScanError]


@dataclass(frozen=True, eq=False)
class ScannedPerson:
    """face : the scan's, without eyes; evidence : of each photo."""

    name: str
    face: FaceScan
    evidence: tuple[PhotoEvidence, ...]


@dataclass(frozen=True, eq=False)
class ScanHypotheses:
    """What a pack draws from a person's photos: one : (2, photos, K) the head ranked first and the
    mean of the samples, of each photo by itself; together : (2, K) the same of all; samples :
    (S, K) of all together, best-ranked first."""

    one: np.ndarray
    together: np.ndarray
    samples: np.ndarray


def read_person(pack: OpenPack, detector: FaceDetector, files: ScannedFiles) -> ScannedPerson:
    """The scan's face and what the pack reads of the photos. Raises OferError."""
    scan = files.read()
    seven = files.given_landmarks()
    if seven is None:
        seven = find_landmarks(scan, detector)
    front = front_of(seven)
    photos = [load_photo(path) for path in files.photos]
    if not photos:
        photos = portraits(scan, front, files.name)
    faces = [middle_face(detector, photo) for photo in photos]
    points = scan.vertices[outside(scan, front)]
    face = FaceScan.cropped(points[~_eyes(points, seven)], seven)
    some = np.random.default_rng(0).permutation(len(face.points))[:_POINTS]
    evidence = tuple(pack.encode(photo, one) for photo, one in zip(photos, faces, strict=True))
    return ScannedPerson(files.name, FaceScan(face.points[some], seven), evidence)


def _eyes(points: np.ndarray, seven: np.ndarray) -> np.ndarray:
    """(N,) bool: which points (N, 3) belong to the eyes, given the landmarks (7, 3)."""
    near = np.zeros(len(points), bool)
    for one, other in ((0, 1), (2, 3)):
        middle, width = (seven[one] + seven[other]) / 2, np.linalg.norm(seven[one] - seven[other])
        near |= np.linalg.norm(points - middle, axis=1) < _EYE * width
    return near


def draw_hypotheses(pack: OpenPack, person: ScannedPerson, samples: int) -> ScanHypotheses:
    """Draw and rank for each photo, and for all of them together."""
    reconstructor = Reconstructor(pack)

    def heads_of(evidence: Sequence[PhotoEvidence]) -> tuple[np.ndarray, np.ndarray]:
        """(2, K) ranked first and mean of the samples; (S, K) samples by rank."""
        reconstructor.set_evidence(evidence)
        drawn = reconstructor.identities(samples, seed=0)
        order = reconstructor.rank(drawn).order
        own = order[order < samples]
        return np.stack([drawn[order[0]], drawn[:samples].mean(axis=0)]), drawn[own]

    one = np.stack([heads_of([photo])[0] for photo in person.evidence], axis=1)
    together, ranked = heads_of(person.evidence)
    return ScanHypotheses(one, together, ranked)


def measure_scan(
    head: OpenHead, person: ScannedPerson, drawn: ScanHypotheses, another: ScanHypotheses | None
) -> ScanFigures:
    """Every contender on one person's scan."""
    placed = _laid(_mesh(head, np.zeros(len(head.identity))), person.face)
    eyes = float(np.linalg.norm(person.face.landmarks[0] - person.face.landmarks[3]))
    unit = 1.0 if _MILLIMETRES[0] < eyes < _MILLIMETRES[1] else 1 / placed.scale

    def errors(identities: np.ndarray) -> ScanError:
        """Mean over heads (…, K)."""
        found = []
        for identity in identities.reshape(-1, identities.shape[-1]):
            away = person.face.errors(_mesh(head, identity), scaling=True) * unit
            found.append((np.median(away), away.mean()))
        median, mean = np.mean(found, axis=0)
        return ScanError(float(median), float(mean))

    each = [errors(row) for row in drawn.samples[even(len(drawn.samples), _MEASURED)]]
    floor = nearest_identity(head, person.face, placed)
    found = {
        "mean_head": errors(np.zeros(len(head.identity))),
        "ranked_first": errors(drawn.one[0]),
        "samples_mean": errors(drawn.one[1]),
        "ranked_first_together": errors(drawn.together[0]),
        "samples_mean_together": errors(drawn.together[1]),
        "average_sample": ScanError(*np.mean([(e.median, e.mean) for e in each], axis=0).tolist()),
        "best_sample": min(each, key=lambda error: error.mean),
        "floor": errors(floor),
    }
    if another is not None:
        found["another"] = errors(another.together[0])
    ordered = {name: found[name] for name in CONTENDERS if name in found}
    count = len(person.face.points)
    return ScanFigures(person.name, len(person.evidence), count, float(unit), ordered)


def _mesh(head: OpenHead, identity: np.ndarray) -> HeadMesh:
    """Skin and eyes, millimetres."""
    vertices = head.vertices(identity) * 1000.0
    seen = np.isin(head.part, [head.part_names.index(part) for part in SEEN_PARTS])
    landmarks = head.landmarks(vertices)[list(DETECTOR_LANDMARKS)]
    return HeadMesh(vertices, triangulate(head.polygons[seen]), landmarks)


def _laid(mesh: HeadMesh, face: FaceScan) -> Similarity:
    start = best_similarity(mesh.landmarks, face.landmarks, scaling=True)
    return refine(mesh.surface, start, face.points, scaling=True)
