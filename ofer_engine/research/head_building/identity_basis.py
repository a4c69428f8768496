"""Identity modes from slider statistics, in closed form.

Head shapes are linear in the sliders, so their covariance is known without sampling. What a
similarity of the face explains (pose and size, which one photo cannot tell) is taken out of every
column; each head counts together with its mirror image; the modes are those of a principal
component analysis weighted to the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class IdentityBasis:
    """modes : (K, P, 3) per 1 sd; share : (K,) of the weighted variance held by the modes up to
    each; lost : mean length (same unit as the columns) on the face of what lies beyond them."""

    modes: np.ndarray
    share: np.ndarray
    lost: float


def mirrored(shapes: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Shapes, or displacements, (..., P, 3) seen in the mirror; mirror : (P,) int."""
    return shapes[..., mirror, :] * [-1, 1, 1]


def without_similarity(shape: np.ndarray, columns: np.ndarray, face: np.ndarray) -> np.ndarray:
    """columns (C, P, 3) less their best fit, over the points `face` ((n,) int), by a small motion
    and scaling of shape (P, 3)."""
    x, y, z = (shape - shape[face].mean(0)).T
    zero, one = np.zeros_like(x), np.ones_like(x)
    gauge = np.stack(
        [
            np.stack(motion, axis=1)
            for motion in (
                (one, zero, zero), (zero, one, zero), (zero, zero, one),
                (zero, -z, y), (z, zero, -x), (-y, x, zero), (x, y, z),
            )
        ]
    )  # fmt: skip
    local = gauge[:, face].reshape(7, -1)
    explained = np.linalg.solve(
        local @ local.T, local @ columns[:, face].reshape(len(columns), -1).T
    )
    return columns - np.tensordot(explained.T, gauge, 1)


def identity_basis(
    columns: np.ndarray, mirror: np.ndarray, weights: np.ndarray, face: np.ndarray, count: int
) -> IdentityBasis:
    """Leading `count` modes of the covariance Σ columns columnsᵀ, made symmetric.

    columns : (R, P, 3); mirror : (P,) int; weights : (P,) of each point; face : (n,) int, where
    `lost` is measured.
    """
    both = np.concatenate([columns, mirrored(columns, mirror)]).reshape(
        2 * len(columns), -1
    ) / np.sqrt(2)
    weighted = both * np.sqrt(np.repeat(weights, 3))
    values, vectors = np.linalg.eigh(weighted @ weighted.T)
    modes = (vectors[:, ::-1].T @ both).reshape(len(both), -1, 3)
    heaviest = np.abs(modes.reshape(len(modes), -1)).argmax(1)
    signs = np.sign(np.take_along_axis(modes.reshape(len(modes), -1), heaviest[:, None], 1))
    modes = modes * signs[:, :, None]
    beyond = np.sqrt((modes[count:, face] ** 2).sum((0, 2)))
    share = np.cumsum(values[::-1]) / values.sum()
    return IdentityBasis(modes[:count], share[:count], float(beyond.mean()))
