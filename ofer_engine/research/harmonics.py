"""The basis in which light of the surroundings is given, by the normal of what it falls on."""

from __future__ import annotations

import numpy as np


def harmonics(normals: np.ndarray) -> np.ndarray:
    """(..., 3) unit -> (..., 9): real spherical harmonics to second order, not normalised."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    return np.stack(
        [np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], -1
    )
