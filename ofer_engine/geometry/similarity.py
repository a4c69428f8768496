"""The best similarity between corresponding points in space."""

from __future__ import annotations

import numpy as np


def best_similarity(
    moving: np.ndarray, fixed: np.ndarray, scaling: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(scale (…,), rotation (…, 3, 3), translation (…, 3)) with the least sum of squares of
    scale · rotation @ moving + translation - fixed (Umeyama 1991); a mirror is never used.

    moving, fixed : (…, N, 3), N >= 3, units as given; without `scaling` the scale is 1.
    """
    moving_mean = moving.mean(axis=-2, keepdims=True)
    fixed_mean = fixed.mean(axis=-2, keepdims=True)
    centred, target = moving - moving_mean, fixed - fixed_mean
    left, singular, right = np.linalg.svd(np.swapaxes(target, -1, -2) @ centred)
    flip = np.ones_like(singular)
    flip[..., 2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * flip[..., None, :]) @ right
    scale = (singular * flip).sum(axis=-1) / np.square(centred).sum(axis=(-1, -2))
    if not scaling:
        scale = np.ones_like(scale)
    turned = moving_mean @ np.swapaxes(rotation, -1, -2)
    translation = fixed_mean - scale[..., None, None] * turned
    return scale, rotation, translation[..., 0, :]
