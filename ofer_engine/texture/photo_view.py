"""One photo of the person, and the head as it sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..heads.camera import Camera
from .alignment import PointEvidence


@dataclass(frozen=True, eq=False)
class PhotoView:
    """One photo of the person.

    pixels : (H, W, 3) uint8 sRGB; camera : of this photo; vertices : (V, 3) float32 metres, engine
    frame, the head with this photo's expression; calm : (V, 3) float32, without it; evidence : of
    where the photo has it; hidden : (H, W) bool, pixels that do not show the face, or None.
    """

    pixels: np.ndarray
    camera: Camera
    vertices: np.ndarray
    calm: np.ndarray
    evidence: PointEvidence
    hidden: np.ndarray | None = None
