"""The landmarks of one face, read again and again from crops that differ a little."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from .align import EYE_CORNERS, Crop, aligned_crop, cut, square_crop
from .face_networks import LANDMARK_SIZE, LandmarkNetwork
from .load import Photo
from .regions import Region

CROP_MARGIN = 1.5
REFINEMENTS = 2
LOW_CONFIDENCE = 0.5
PRESENT = 0.5
DOUBTFUL = 0.2
NOTHING = 0.01
NEAR = 0.3
SURE_SCORE = 0.7
SURE_PRESENCE = 0.9
TRUSTED = 0.2
# Spread of the landmarks over shaken crops, as a share of the face, at which trust is half. Clean
# faces measured 0.005-0.010, a profile 0.016, failures 0.022 and more.
HALF_TRUST_SPREAD = 0.016

# Shift right, shift down, grow, turn: a two-level design in which every pair of columns takes all
# four combinations equally often, so that eight crops see every kind of error in the region.
_SHAKES = np.array(
    [[x, y, s, x * y * s] for x in (-1, 1) for y in (-1, 1) for s in (-1, 1)], np.float64
)
_SHAKE_SIZES = np.array((0.02, 0.02, 0.05, 0.06))  # of the side, of the side, log, radians

# Where a bowed or half-covered face may sit in a region on which the two networks disagree: shift
# down and scale as shares of its side, turn in radians.
_PROBES = tuple(product((0.0, 0.2), (0.75, 1.0), (-0.4, 0.0, 0.4)))
# The same, with a shift to the right, for a face of which the detector alone is certain.
_FINE_PROBES = tuple(
    product((-0.1, 0.1, 0.3), (0.7, 0.95, 1.2), (-0.5, 0.0, 0.5), (-0.15, 0.0, 0.15))
)
_FINALISTS = 6


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
    def angle(self) -> float:
        """Radians, direction from the right to the left eye (x right, y down)."""
        return _eye_angle(self.landmarks)

    @property
    def region(self) -> Region:
        """The square around the box."""
        x, y, width, height = self.box
        return Region(self.score, np.array((x + width / 2, y + height / 2)), self.side, 0.0)


@dataclass(frozen=True, eq=False)
class LandmarkReading:
    """Landmarks (468, 3) in photo pixels and the network's presence 0..1."""

    landmarks: NDArray[np.float64]
    presence: float


class LandmarkReader:
    """Reads landmarks with the landmark network of weights/faces."""

    def __init__(self, network: LandmarkNetwork) -> None:
        self._network = network

    def follow(self, photo: Photo, region: Region) -> LandmarkReading:
        """Landmarks from a region, then from the region that they span themselves."""
        best = self._read(photo, [_around(region)])[0]
        if best.presence < PRESENT and region.score >= SURE_SCORE:
            probes = [_around(region, *probe) for probe in _PROBES]
            best = max(self._read(photo, probes), key=lambda reading: reading.presence)
        if best.presence < NOTHING:
            return best
        for _ in range(REFINEMENTS):
            crop = aligned_crop(best.landmarks, LANDMARK_SIZE, CROP_MARGIN)
            reading = self._read(photo, [crop])[0]
            if reading.presence < best.presence / 2:
                break
            best = reading
        return best

    def again(self, photo: Photo, landmarks: NDArray[np.float64]) -> LandmarkReading:
        """Landmarks from the region that those of the frame before span, (468, 2 or more)."""
        return self._read(photo, [aligned_crop(landmarks, LANDMARK_SIZE, CROP_MARGIN)])[0]

    def search(self, photo: Photo, region: Region) -> Face:
        """The steadiest landmarks of those that the network believes in, about a region."""
        probes = [_around(region, *probe) for probe in _FINE_PROBES]
        readings = sorted(self._read(photo, probes), key=lambda reading: -reading.presence)
        faces = [self.face(photo, reading, region.score) for reading in readings[:_FINALISTS]]
        near = [face for face in faces if face.region.overlap(region) > NEAR]
        return max(near or faces, key=lambda face: (face.presence >= DOUBTFUL, face.confidence))

    def _read(self, photo: Photo, crops: list[Crop]) -> list[LandmarkReading]:
        pictures = np.stack([cut(photo, crop) for crop in crops])
        with torch.inference_mode():
            landmarks, presence = self._network(torch.from_numpy(pictures).permute(0, 3, 1, 2))
        return [
            LandmarkReading(
                np.column_stack((crop.to_photo(p[:, :2]), p[:, 2] * crop.photo_scale)), float(q)
            )
            for crop, p, q in zip(
                crops, landmarks.double().numpy(), torch.sigmoid(presence), strict=True
            )
        ]

    def face(self, photo: Photo, reading: LandmarkReading, score: float) -> Face:
        """Landmarks averaged over shaken crops, and what their spread says."""
        base = aligned_crop(reading.landmarks, LANDMARK_SIZE, CROP_MARGIN)
        centre = base.to_photo((base.size / 2, base.size / 2))
        side = base.size * base.photo_scale
        angle = _eye_angle(reading.landmarks)
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


def _eye_angle(landmarks: NDArray[np.float64]) -> float:
    right, left = landmarks[list(EYE_CORNERS), :2]
    return float(np.arctan2(left[1] - right[1], left[0] - right[0]))


def _around(
    region: Region, down: float = 0.0, scale: float = 1.0, turn: float = 0.0, right: float = 0.0
) -> Crop:
    """The landmark network's crop for a region of the detector."""
    angle = region.angle + turn
    axes = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    centre = region.centre + region.side * (np.array((right, down)) @ axes)
    return square_crop(centre, CROP_MARGIN * scale * region.side, angle, LANDMARK_SIZE)
