"""sRGB and linear light."""

from __future__ import annotations

import numpy as np

_STEPS = np.arange(256) / 255
TO_LINEAR = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""(256,) float32: linear light of an sRGB byte (IEC 61966-2-1)."""


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light 0..1, any shape → sRGB bytes of the same shape."""
    light = np.clip(linear, 0, 1)
    curve = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (curve * 255 + 0.5).astype(np.uint8)
