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


def viewpoint(camera: CameraRecord) -> Viewpoint:
    """Where a photo was taken from, engine frame."""
    rotation = np.array(camera.rotation, np.float64).reshape(3, 3)
    return Viewpoint(camera.focal, np.array(camera.centre), rotation, np.array(camera.translation))
