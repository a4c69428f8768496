"""What a bare triangle mesh tells about itself: its connected pieces, and stand-in UVs."""

from __future__ import annotations

import numpy as np


def components(vertices: int, triangles: np.ndarray) -> np.ndarray:
    """Connected pieces of a mesh.

    triangles : (F, 3) int. Returns (vertices,) int: the piece of each vertex, numbered from 0.
    """
    label = np.arange(vertices)
    while True:
        lowest = label[triangles].min(1)
        spread = label.copy()
        np.minimum.at(spread, triangles.ravel(), np.repeat(lowest, 3))
        # Following the labels' own labels makes the rounds grow with the logarithm of the mesh.
        spread = spread[spread]
        if np.array_equal(spread, label):
            return np.unique(label, return_inverse=True)[1]
        label = spread


def cylinder_uv(template: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """UVs wrapped around a vertical cylinder, the seam at the back of the head.

    template : (V, 3) engine frame; triangles : (F, 3) int. Returns (F, 4, 2) float32 in 0..1, the
    fourth corner zero.
    """
    centre = (template.min(0) + template.max(0)) / 2
    offset = template - centre
    around = 0.5 + np.arctan2(offset[:, 0], offset[:, 2]) / (2 * np.pi)
    height = (template[:, 1] - template[:, 1].min()) / np.ptp(template[:, 1])
    corners = np.stack([around, height], 1)[triangles].astype(np.float32)
    across_seam = np.ptp(corners[..., 0], axis=1, keepdims=True) > 0.5
    corners[..., 0] += np.where(across_seam & (corners[..., 0] < 0.5), 1.0, 0.0)
    corners[..., 0] = np.minimum(corners[..., 0], 1.0)
    return np.pad(corners, ((0, 0), (0, 1), (0, 0)))
