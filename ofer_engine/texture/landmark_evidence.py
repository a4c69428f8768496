"""The face detector's landmarks, as evidence of where a photo shows the face.

The conditioner learnt on rendered heads where points are, the detector on photographs: brows, lids
and lips are where it says, and features that are laid beside their own pixels lose them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ..heads.camera import Camera
from ..heads.head import Head
from ..photo.faces import FaceDetector
from ..photo.landmarks import PRESENT
from ..photo.load import Photo
from .alignment import PointEvidence

_OFF: Final = 0.0008
"""Metres that a landmark is off the place that it means: a guess."""
_EVERY: Final = 2
"""One landmark of so many is asked: they lie closer than what they tell reaches."""
_TOGETHER: Final = 0.005
"""Metres by which the conditioner's points err together: brows by 3 to 7 on seven portraits."""
_NEAR: Final = 0.012
"""Metres from a landmark, within which it tells better than those points."""


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
        return evidence
    rows = np.arange(0, len(marks), _EVERY)
    corner = known.landmark_triangles[rows, known.landmark_barycentric[rows].argmax(1)]
    beside = camera.project(vertices[corner]) - drawn[rows]
    pixel = -camera.to_camera(vertices[corner])[:, 2] / camera.focal
    away, _ = KDTree(known.template[corner]).query(known.template[evidence.vertices])
    together = np.where(away < _NEAR, _TOGETHER / np.median(pixel), 0)
    visible, _ = evidence.seen_at(known.template, known.template[corner])
    return PointEvidence(
        np.concatenate([evidence.points, found.landmarks[rows, :2] + beside]),
        np.concatenate([np.hypot(evidence.deviation, together), _OFF / pixel]),
        np.concatenate([evidence.visible, visible]),
        np.concatenate([evidence.vertices, corner]),
    )
