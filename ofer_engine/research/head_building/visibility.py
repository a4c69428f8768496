"""Which vertices of a head can be seen from outside."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...geometry.rotations import rotation_about
from .surface_view import view

_PIXELS_NEEDED: Final = 6


def seen_from_outside(
    vertices: np.ndarray, triangles: np.ndarray, centre: np.ndarray, extent: float
) -> np.ndarray:
    """(V,) bool: vertices whose triangles show in a ring of 36 views.

    vertices : (V, 3) metres; triangles : (T, 3); centre : (3,); extent : metres across a view.
    """
    pixels = np.zeros(len(vertices))
    white = np.ones_like(vertices)
    for yaw in range(0, 360, 30):
        for pitch in (-25, 0, 25):
            shown = view(
                vertices,
                triangles,
                white,
                turn=rotation_about("yx", (yaw, pitch)),
                centre=centre,
                extent=extent,
                distance=3.0,
                size=700,
            )
            np.add.at(pixels, shown.seen.corners.ravel(), 1)
    return pixels > _PIXELS_NEEDED
