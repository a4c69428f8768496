"""The photos of a reconstruction as pins see them: cameras, landmarks, and how their expressions
vary. numpy alone."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..contract.reconstruction import Reconstruction
from ..contract.records import CameraRecord
from .modes import principal_modes
from .photo_pose import LandmarkedPhoto
from .viewpoint import Viewpoint

_MODES: Final = 64
_REFUTED: Final = 4.0
"""Deviations from where a point was found."""
_SHARE: Final = 1 / 30
"""Of the points seen: the lids of one eye are as many."""


def photo_views(record: Reconstruction) -> list[LandmarkedPhoto]:
    """Each photo, the main one first; metres, engine frame.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    best = record.array("identity_vertices")[0].astype(np.float64)
    moved = record.array("expression_vertices") - best
    vertices = record.array("evidence_vertices")
    landmarks, deviation, visible = (
        record.array(f"evidence_{name}") for name in ("points", "deviation", "visible")
    )
    found: list[LandmarkedPhoto] = []
    for number, view in enumerate(record.views):
        own = moved[[each.candidate for each in record.expressions if each.view == number]]
        mean = own.mean(axis=0) if len(own) else np.zeros_like(best)
        precision = visible[number] / np.square(deviation[number], dtype=np.float64)
        modes = principal_modes(own, _MODES).astype(np.float32)
        camera = viewpoint(view.camera)
        found.append(LandmarkedPhoto(camera, mean, modes, vertices, landmarks[number], precision))
    return found


def refuted_expressions(record: Reconstruction) -> np.ndarray:
    """(E,) bool: which of the expressions the points found in their photo speak against: of those
    that are seen, more than one in 30 lies over 4 deviations from where it was found, as far as the
    expression differs from the one read from the photo. Never all of a photo's.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    best = record.array("identity_vertices")[0].astype(np.float64)
    vertices, shapes = record.array("evidence_vertices"), record.array("expression_vertices")
    views, points = len(record.views), len(vertices)
    visible = record.numbers("evidence_visible", (views, points))
    deviation = record.numbers("evidence_deviation", (views, points))
    read = record.numbers("expression_shift", (views, points, 3))
    owners = np.array([each.view for each in record.expressions], int)
    against = np.zeros(len(owners))
    for number, view in enumerate(record.views):
        camera, own = viewpoint(view.camera), np.flatnonzero(owners == number)
        drawn = shapes[[record.expressions[row].candidate for row in own]][:, vertices]
        places = camera.project(best[vertices] + read[number])
        apart = np.linalg.norm(camera.project(drawn) - places, axis=-1)
        seen = visible[number] / max(float(visible[number].sum()), 1e-9)
        against[own] = (apart > _REFUTED * deviation[number]) @ seen
        against[own] *= against[own] > against[own].min(initial=np.inf)
    return against > _SHARE


def viewpoint(camera: CameraRecord) -> Viewpoint:
    """Where a photo was taken from, engine frame."""
    rotation = np.array(camera.rotation, np.float64).reshape(3, 3)
    return Viewpoint(camera.focal, np.array(camera.centre), rotation, np.array(camera.translation))
