"""Fine detail of the skin as a normal map: what is darker lies deeper.

"Dark is deep", as in Beeler et al., High-quality single-shot capture of facial geometry (2010),
§ mesoscopic augmentation: a guess that looks right, and no measurement.
"""

from __future__ import annotations

import numpy as np

_DEEP = 0.35
"""Millimetres that skin lies deeper for each unit of log luminance."""
_STEEPEST = 0.6


def normal_map(luminance: np.ndarray, millimetres: np.ndarray) -> np.ndarray:
    """(R, R, 3) uint8, tangent space, green up as OpenGL and glTF have it.

    luminance : (R, R) float32, log, of the finest detail; millimetres : (R, R) that a texel spans.
    """
    down, along = np.gradient(_DEEP * luminance)
    scale = np.maximum(millimetres, 1e-3)
    x = np.clip(-along / scale, -_STEEPEST, _STEEPEST)
    y = np.clip(down / scale, -_STEEPEST, _STEEPEST)
    normal = np.stack([x, y, np.ones_like(x)], -1)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return ((normal * 0.5 + 0.5) * 255 + 0.5).astype(np.uint8)
