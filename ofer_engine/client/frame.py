"""From the engine's frame (metres, Y up, +Z out of the face) to Blender's (Z up, facing -Y)."""

from __future__ import annotations

import numpy as np

ENGINE_TO_BLENDER = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float32)
"""(3, 3) float32: Blender point = this @ engine point; the subject's left stays +X."""


def to_blender(points: np.ndarray) -> np.ndarray:
    """(…, 3) float, metres, engine frame -> the same in Blender's frame, contiguous float32."""
    x, y, z = np.moveaxis(np.asarray(points, dtype=np.float32), -1, 0)
    return np.ascontiguousarray(np.stack((x, -z, y), axis=-1))
