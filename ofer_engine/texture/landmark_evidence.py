"""The face detector's landmarks, as evidence of where a photo shows the face.

The conditioner learnt on rendered heads where points are, the detector on photographs: lids and
lips are where it says, and features that are laid beside their own pixels lose them. Neither tells
where brows are: `brow_view` looks for their hair.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ..heads.camera import Camera
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..photo.faces import FaceDetector
from ..photo.landmarks import PRESENT
from ..photo.load import Photo
from .alignment import PointEvidence

_OFF: Final = 0.0008
"""Metres that a landmark is off the place that it means: a guess."""
_EVERY: Final = 2
"""One landmark of so many is asked: they lie closer than what they tell reaches."""
_TOGETHER: Final = 0.005
"""Metres by which the conditioner's points err together: a guess."""
_NEAR: Final = 0.012
"""Metres from a landmark, within which it tells better than those points."""
_BROWS: Final = 0.05
"""Metres that whatever tells of brows is off: on portraits of men, the landmarks lie some 3 mm
above the hair, and the conditioner's points were taught by them."""
_AROUND: Final = 0.012
"""Metres from brows, within which points tell of them."""


def with_landmarks(
    evidence: PointEvidence,
    detector: FaceDetector,
    head: Head,
    photo: Photo,
    camera: Camera,
    vertices: np.ndarray,
) -> PointEvidence:
    """The evidence and the landmarks; what is hidden is told by the evidence alone. As it is for a
    head that knows no landmarks, and where the detector sees no face.

    vertices : (V, 3) metres, about as the photo has them.
    """
    known = head.annotated
    if known is None:
        return evidence
    marks = known.landmarks(vertices)
    drawn = camera.project(marks)
    found = detector.again(photo, drawn)
    if found.presence < PRESENT:
        return _without_brows(evidence, known, camera, vertices)
    rows = np.arange(0, len(marks), _EVERY)
    corner = known.landmark_triangles[rows, known.landmark_barycentric[rows].argmax(1)]
    beside = camera.project(vertices[corner]) - drawn[rows]
    pixel = -camera.to_camera(vertices[corner])[:, 2] / camera.focal
    away, _ = KDTree(known.template[corner]).query(known.template[evidence.vertices])
    together = np.where(away < _NEAR, _TOGETHER / np.median(pixel), 0)
    visible, _ = evidence.seen_at(known.template, known.template[corner])
    both = PointEvidence(
        np.concatenate([evidence.points, found.landmarks[rows, :2] + beside]),
        np.concatenate([np.hypot(evidence.deviation, together), _OFF / pixel]),
        np.concatenate([evidence.visible, visible]),
        np.concatenate([evidence.vertices, corner]),
    )
    return _without_brows(both, known, camera, vertices)


def _without_brows(
    evidence: PointEvidence, head: OpenHead, camera: Camera, vertices: np.ndarray
) -> PointEvidence:
    """The evidence, where points of brows tell no more than whether they are seen."""
    brows = head.template[head.region("brows") > 0.3]
    places = head.template[evidence.vertices]
    away, _ = KDTree(brows).query(places)
    above = places[:, 1] > brows[:, 1].min()
    depth = -camera.to_camera(vertices[evidence.vertices])[:, 2]
    off = np.where((away < _AROUND) & above, _BROWS * camera.focal / depth, 0)
    return replace(evidence, deviation=np.hypot(evidence.deviation, off))
