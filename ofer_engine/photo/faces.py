"""The faces of a photo: boxes, 468 landmarks, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..contract.errors import ErrorCode, OferError
from .align import EYE_CORNERS, Crop, aligned_crop, cut, square_crop
from .face_networks import LANDMARK_SIZE, DetectorNetwork, LandmarkNetwork
from .face_weights import load_detector_network, load_landmark_network
from .load import Photo
from .regions import OVERLAP_THRESHOLD, Region, find_regions, region_of_points

CROP_MARGIN = 1.5
REFINEMENTS = 2
MAX_REGIONS = 24
MIN_FACE_SIDE = 32
LOW_CONFIDENCE = 0.5

# A region is a face when the landmark network says so from most of the shaken crops; where nothing
# else is found, also when the detector is sure and the landmark network at least in doubt.
PRESENT = 0.5
DOUBTFUL = 0.2
SURE_SCORE = 0.7
HOPELESS = 0.03
SURE_PRESENCE = 0.9
TRUSTED = 0.2
# Spread of the landmarks over shaken crops, as a share of the face, at which trust is half. Clean
# faces measured 0.005-0.010, a profile 0.016, failures 0.022 and more.
HALF_TRUST_SPREAD = 0.016
CROWD = 4
SAME_FACE = 0.5

# Shift right, shift down, grow, turn: a two-level design in which every pair of columns takes all
# four combinations equally often, so that eight crops see every kind of error in the region.
_SHAKES = np.array(
    [[x, y, s, x * y * s] for x in (-1, 1) for y in (-1, 1) for s in (-1, 1)], np.float64
)
_SHAKE_SIZES = np.array((0.02, 0.02, 0.05, 0.06))  # of the side, of the side, log, radians

# Where a bowed or half-covered face may sit in a region on which the two networks disagree: shift
# down and scale as shares of its side, turn in radians.
_PROBES = tuple(product((0.0, 0.2), (0.75, 1.0), (-0.4, 0.0, 0.4)))

_PLACE_BY_HAND = "Draw a box around the face by hand, or choose another photo."


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a photo.

    box : x, y, width, height of the landmarks' upright bounding box, photo pixels
    score : 0..1, the detector's; for a box given by hand the landmark network's presence
    landmarks : (468, 3) float64, photo pixels; z grows away from the viewer, on the scale of x,
        zero near the centre of the head; hidden points are invented by the network
    presence : 0..1, the landmark network's belief that a face is there, mean over shaken crops
    confidence : 0..1, presence times how little the landmarks move from crop to crop (half at
        1.6 % of the face). It warns of failures; it is neither a probability nor a visibility.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: NDArray[np.float64]
    presence: float
    confidence: float

    @property
    def low_confidence(self) -> bool:
        """Whether the landmarks are likely to be wrong."""
        return self.confidence < LOW_CONFIDENCE

    @property
    def settled(self) -> bool:
        """Whether looking further for this face is of no use; a profile is doubtful but settled."""
        return self.presence >= SURE_PRESENCE and self.confidence >= TRUSTED

    @property
    def side(self) -> float:
        """Larger side of the box, pixels."""
        return max(self.box[2:])

    @property
    def region(self) -> Region:
        """The square around the box."""
        x, y, width, height = self.box
        return Region(self.score, np.array((x + width / 2, y + height / 2)), self.side, 0.0)


@dataclass(frozen=True, eq=False)
class _Reading:
    """Landmarks (468, 3) in photo pixels and the network's presence 0..1."""

    landmarks: NDArray[np.float64]
    presence: float


class FaceDetector:
    """Finds faces and their landmarks with the two networks of weights/faces."""

    def __init__(self, detector: DetectorNetwork, landmarks: LandmarkNetwork) -> None:
        self._detector = detector
        self._landmarks = landmarks

    @classmethod
    def load(cls, folder: Path) -> FaceDetector:
        """folder : weights/faces. Raises OferError WEIGHTS_*, see `face_weights`."""
        return cls(load_detector_network(folder), load_landmark_network(folder))

    def detect(self, photo: Photo, check: Callable[[], None] = lambda: None) -> tuple[Face, ...]:
        """Every face, best first: large and trusted before small and doubtful.

        A photo without an upright face is also looked at sideways and upside down.
        check : called now and again, may raise to stop.
        Raises OferError NO_FACE, or FACE_TOO_SMALL where only tiny faces are found.
        """
        found = self._look(photo, [], check)
        if not any(face.settled for face in found) or len(found) >= CROWD:
            found = self._look(photo, found, check, small=True)
        for turn in (np.pi, np.pi / 2, -np.pi / 2):
            if not any(face.settled for face in found):
                found = self._look(photo, found, check, turn)
        found = [face for face in found if face.confidence >= TRUSTED] or found
        if not found:
            raise OferError(
                ErrorCode.NO_FACE, f"No face was found in {photo.name}.", _PLACE_BY_HAND
            )
        faces = [face for face in found if face.side >= MIN_FACE_SIDE]
        if not faces:
            raise _too_small(max(face.side for face in found))
        return tuple(sorted(faces, key=lambda face: -face.side * (0.1 + face.confidence)))

    def from_box(self, photo: Photo, box: Sequence[float]) -> Face:
        """The face in a box given by hand, whatever the networks think of it.

        box : x, y, width, height, photo pixels, around the face from forehead to chin.
        Raises OferError BAD_REQUEST for a box outside the photo, FACE_TOO_SMALL.
        """
        if len(box) != 4:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                f"A face box of {len(box)} numbers makes no sense.",
                "Give x, y, width and height in pixels.",
            )
        x, y, width, height = (float(v) for v in box)
        if not (
            np.isfinite((x, y, width, height)).all()
            and min(width, height) > 0
            and min(x + width, photo.width) > max(x, 0)
            and min(y + height, photo.height) > max(y, 0)
        ):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The face box lies outside the photo.",
                "Draw it around the face.",
            )
        side = max(width, height)
        if side < MIN_FACE_SIDE:
            raise _too_small(side)
        centre = np.array((x + width / 2, y + height / 2))
        return self._placed(photo, Region(1.0, centre, side, 0.0))

    def from_points(self, photo: Photo, points: ArrayLike) -> Face:
        """The face whose eyes and chin are given by hand, whatever the networks think of it.

        points : (6,) x and y of one eye, the other eye and the chin, photo pixels.
        Raises OferError BAD_REQUEST for points that are no face, FACE_TOO_SMALL.
        """
        region = region_of_points(points, photo.width, photo.height)
        if region.side < MIN_FACE_SIDE:
            raise _too_small(region.side)
        return self._placed(photo, region)

    def _placed(self, photo: Photo, region: Region) -> Face:
        """The face in a region given by hand, turned if it makes more sense so."""
        readings = [self._follow(photo, region)]
        if readings[0].presence < PRESENT:
            turns = (np.pi, np.pi / 2, -np.pi / 2)
            turned = (replace(region, angle=region.angle + turn) for turn in turns)
            readings += [self._follow(photo, one) for one in turned]
        best = max(readings, key=lambda reading: reading.presence)
        return self._face(photo, best, best.presence)

    def _look(
        self,
        photo: Photo,
        known: list[Face],
        check: Callable[[], None],
        turn: float = 0.0,
        small: bool = False,
    ) -> list[Face]:
        """The known faces and those seen by looking so; a place keeps its surest face."""
        faces = list(known)
        for region in find_regions(self._detector, photo.pixels, turn, small, check)[:MAX_REGIONS]:
            check()
            settled = (face for face in known if face.settled)
            if any(region.overlap(face.region) > OVERLAP_THRESHOLD for face in settled):
                continue
            reading = self._follow(photo, region)
            if reading.presence < DOUBTFUL / 4:
                continue
            face = self._face(photo, reading, region.score)
            likely = face.presence >= PRESENT or (
                face.presence >= DOUBTFUL and face.score >= SURE_SCORE
            )
            rivals = [f for f in faces if f.region.overlap(face.region) > SAME_FACE]
            if (
                likely
                and face.confidence >= HOPELESS
                and all(face.confidence > rival.confidence for rival in rivals)
            ):
                faces = [f for f in faces if f not in rivals] + [face]
        return faces

    def _follow(self, photo: Photo, region: Region) -> _Reading:
        """Landmarks from a region, then from the region that they span themselves."""
        best = self._read(photo, [_around(region)])[0]
        if best.presence < PRESENT and region.score >= SURE_SCORE:
            probes = [_around(region, *probe) for probe in _PROBES]
            best = max(self._read(photo, probes), key=lambda reading: reading.presence)
        for _ in range(REFINEMENTS):
            crop = aligned_crop(best.landmarks, LANDMARK_SIZE, CROP_MARGIN)
            reading = self._read(photo, [crop])[0]
            if reading.presence < best.presence / 2:
                break
            best = reading
        return best

    def _read(self, photo: Photo, crops: list[Crop]) -> list[_Reading]:
        pictures = np.stack([cut(photo, crop) for crop in crops])
        with torch.inference_mode():
            landmarks, presence = self._landmarks(torch.from_numpy(pictures).permute(0, 3, 1, 2))
        return [
            _Reading(
                np.column_stack((crop.to_photo(p[:, :2]), p[:, 2] * crop.photo_scale)), float(q)
            )
            for crop, p, q in zip(
                crops, landmarks.double().numpy(), torch.sigmoid(presence), strict=True
            )
        ]

    def _face(self, photo: Photo, reading: _Reading, score: float) -> Face:
        """Landmarks averaged over shaken crops, and what their spread says."""
        base = aligned_crop(reading.landmarks, LANDMARK_SIZE, CROP_MARGIN)
        centre = base.to_photo((base.size / 2, base.size / 2))
        side = base.size * base.photo_scale
        right, left = reading.landmarks[list(EYE_CORNERS), :2]
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        shaken = [
            square_crop(centre + (x * side, y * side), side * np.exp(s), angle + turn, base.size)
            for x, y, s, turn in _SHAKES * _SHAKE_SIZES
        ]
        readings = self._read(photo, shaken)
        stack = np.stack([r.landmarks for r in readings])  # (8, 468, 3)
        presence = np.array([r.presence for r in readings])
        landmarks = np.average(stack, axis=0, weights=presence + 1e-3)
        low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
        variance = stack[..., :2].var(0).sum(-1)  # (468,)
        spread = float(np.median(np.sqrt(variance)) / max(high - low))
        steadiness = 1 / (1 + (spread / HALF_TRUST_SPREAD) ** 4)
        box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
        mean = float(presence.mean())
        return Face(box, score, landmarks, mean, mean * steadiness)


def _around(region: Region, down: float = 0.0, scale: float = 1.0, turn: float = 0.0) -> Crop:
    """The landmark network's crop for a region of the detector."""
    angle = region.angle + turn
    centre = region.centre + down * region.side * np.array((-np.sin(angle), np.cos(angle)))
    return square_crop(centre, CROP_MARGIN * scale * region.side, angle, LANDMARK_SIZE)


def _too_small(side: float) -> OferError:
    return OferError(
        ErrorCode.FACE_TOO_SMALL,
        f"The face is only {round(side)} pixels wide; {MIN_FACE_SIDE} are the least.",
        "Choose a larger photo of this face, at least 100 pixels wide.",
    )
