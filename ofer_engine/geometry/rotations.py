"""Rotation matrices, made by SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation


def rotation_matrix(rotation_vector: ArrayLike) -> np.ndarray:
    """(…, 3, 3) float64 of rotation vectors (…, 3): along the axis, as long as the angle in
    radians, right-handed."""
    vector = np.asarray(rotation_vector, np.float64)
    return Rotation.from_rotvec(vector.reshape(-1, 3)).as_matrix().reshape(*vector.shape, 3)


def rotation_about(axes: str, degrees: ArrayLike) -> np.ndarray:
    """(3, 3) float64 of right-handed turns about fixed axes, the first of `axes` first.

    axes : such as "y" or "xyz"; degrees : one angle an axis.
    """
    return Rotation.from_euler(axes, np.asarray(degrees, np.float64), degrees=True).as_matrix()
