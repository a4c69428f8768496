"""Looking at a scan: from any side, and where its seven landmarks are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...contract.errors import ErrorCode, OferError
from ...geometry.rasteriser import Fragments, rasterise
from ...geometry.rotations import rotation_matrix
from ...geometry.triangles import vertex_normals
from ...photo.faces import FaceDetector
from ...photo.load import Photo
from ...published.benchmarks.scan_alignment import DETECTOR_LANDMARKS
from .photo_files import middle_face
from .scanned_people import Scan

_SIDE: Final = 512
_GREY: Final = 128.0
_FAR: Final = 6.0
"""Widths of what is shown, to the camera: a portrait's perspective."""
_FACE: Final = 3.0
"""Width of a close look, in distances between the outer corners of the eyes."""
_PHOTO: Final = 4.0
_SURE: Final = 0.5
_AMBIENT: Final = 0.45
_YAWS: Final = (-25.0, 0.0, 25.0)
"""Degrees from which a scan without photos is photographed."""
_AROUND: Final = (-50.0, 0.0, 50.0)
_NEAR_PIXELS: Final = 12.0


@dataclass(frozen=True, eq=False)
class ScanView:
    """Where a scan is looked at from. middle : (3,); turn : (3, 3), rows are right, up and towards
    the viewer; width : of what the picture shows, the scan's unit."""

    middle: np.ndarray
    turn: np.ndarray
    width: float


def find_landmarks(scan: Scan, detector: FaceDetector) -> np.ndarray:
    """(7, 3) on the scan: look from six sides until a face is seen, then closer from its front.

    Raises OferError(NO_FACE) where none is.
    """
    low, high = scan.vertices.min(axis=0), scan.vertices.max(axis=0)
    middle, width = (low + high) / 2, float((high - low).max()) * 1.1
    best: tuple[float, np.ndarray] | None = None
    for turn in _sides():
        found = _look(scan, ScanView(middle, turn, width), detector)
        if found is None:
            continue
        confidence, marks = found
        if best is None or confidence > best[0]:
            best = confidence, marks
        if confidence > _SURE:
            break
    if best is None:
        raise _no_face()
    seven = best[1]
    for _ in range(2):
        found = _look(scan, front_of(seven), detector)
        if found is None:
            raise _no_face()
        seven = found[1]
    return seven


def front_of(seven: np.ndarray) -> ScanView:
    """The face from the front. seven : (7, 3) landmarks on the scan."""
    across = seven[3] - seven[0]
    right = across / np.linalg.norm(across)
    upwards = seven[[0, 1, 2, 3]].mean(axis=0) - seven[[5, 6]].mean(axis=0)
    upwards -= (upwards @ right) * right
    up = upwards / np.linalg.norm(upwards)
    turn = np.stack([right, up, np.cross(right, up)])
    return ScanView(seven.mean(axis=0), turn, _FACE * float(np.linalg.norm(across)))


def portraits(scan: Scan, front: ScanView, name: str) -> list[Photo]:
    """Photos of the scan from the left, the front and the right."""
    photos = []
    for yaw in _YAWS:
        turn = rotation_matrix(np.array([0.0, np.radians(yaw), 0.0])) @ front.turn
        wide = ScanView(front.middle, turn, front.width * _PHOTO / _FACE)
        photos.append(_photo(shown(scan, wide)[0], f"{name} from {yaw:+.0f} degrees"))
    return photos


def outside(scan: Scan, front: ScanView) -> np.ndarray:
    """(n,) ids of the vertices that somebody sees who walks around the face: no nostril's depth and
    no mouth's inside, which meshes of scans may have."""
    seen = []
    for yaw in _AROUND:
        turn = rotation_matrix(np.array([0.0, np.radians(yaw), 0.0])) @ front.turn
        wide = ScanView(front.middle, turn, front.width * _PHOTO / _FACE)
        seen.append(shown(scan, wide)[1].corners)
    return np.unique(np.concatenate(seen))


def shown(scan: Scan, view: ScanView) -> tuple[np.ndarray, Fragments]:
    """(S, S, 3) uint8 picture in soft light from the front, and what its pixels show."""
    turned = (scan.vertices - view.middle) @ view.turn.T
    depth = _FAR * view.width - turned[:, 2]
    zoom = _SIDE * _FAR / depth
    points = np.stack([_SIDE / 2 + zoom * turned[:, 0], _SIDE / 2 - zoom * turned[:, 1]], axis=1)
    fragments = rasterise(points, depth / view.width, scan.triangles, _SIDE, _SIDE)
    normals = fragments.interpolate(vertex_normals(turned, scan.triangles))
    light = _AMBIENT + (1 - _AMBIENT) * np.clip(normals[:, 2:], 0, 1)
    picture = fragments.picture(_colours(scan, fragments) * light, _GREY)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), fragments


def _colours(scan: Scan, fragments: Fragments) -> np.ndarray:
    if scan.texture is None or scan.places is None:
        return fragments.interpolate(scan.colours)
    height, width = scan.texture.shape[:2]
    place = np.mod(fragments.interpolate(scan.places), 1) * (width, height)
    column, row = np.minimum(place.astype(int), (width - 1, height - 1)).T
    return scan.texture[row, column].astype(np.float32)


def _look(scan: Scan, view: ScanView, detector: FaceDetector) -> tuple[float, np.ndarray] | None:
    """How sure the face is, and its landmarks (7, 3) on the scan; None without a face."""
    picture, fragments = shown(scan, view)
    if not len(fragments.pixel):
        return None
    try:
        face = middle_face(detector, _photo(picture, "scan"))
    except OferError as error:
        if error.code not in (ErrorCode.NO_FACE, ErrorCode.FACE_TOO_SMALL):
            raise
        return None
    surface = fragments.interpolate(scan.vertices)
    rows, columns = np.divmod(fragments.pixel, fragments.width)
    centres = np.stack([columns, rows], axis=1) + 0.5
    seven = face.landmarks[list(DETECTOR_LANDMARKS), None, :2]
    away = np.linalg.norm(centres - seven, axis=2)
    nearest = away.argmin(axis=1)
    if away.min(axis=1).max() > _NEAR_PIXELS:
        return None
    return face.confidence, surface[nearest].astype(float)


def _sides() -> list[np.ndarray]:
    """Six (3, 3) views: from +z, -z, +x, -x, +y and -y."""
    quarter = np.pi / 2
    about_up = [rotation_matrix(np.array([0.0, k * quarter, 0.0])) for k in (0, 2, 1, 3)]
    return [*about_up, *(rotation_matrix(np.array([k * quarter, 0.0, 0.0])) for k in (1, 3))]


def _photo(picture: np.ndarray, name: str) -> Photo:
    return Photo(picture, name, "", None, (picture.shape[1], picture.shape[0]))


def _no_face() -> OferError:
    return OferError(
        ErrorCode.NO_FACE,
        "No face was found on a scan.",
        "Put its seven landmarks beside it as landmarks.txt; docs/evaluation.md names them.",
    )
