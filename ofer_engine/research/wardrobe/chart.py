"""The chart on which skins are stored: polar angles about a point in the head, flattened.

Azimuth runs to the right (0 at the nose, positive at the subject's left), elevation upwards, about
a point at the height of the nose's base. A portrait sees a face much as the chart lays it out, so
a texel holds about as much as a pixel did. Vertices are numbered as in the head that the chart was
made on; any other head of the same topology may carry it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..studio.complexion import FaceFields
from ..studio.drape import polar
from ..studio.photo_head import SKIN, PhotoHead
from ..studio.rasterise import NO_TRIANGLE, draw_triangles, interpolate

WIDTH: Final = 384
HEIGHT: Final = 288
_AZIMUTH: Final = 95.0
_LOWEST, _HIGHEST = -70.0, 75.0
_BACK: Final = 0.035
"""Metres behind the middle of the ears: from there chin and forehead are not seen too flatly."""
_NOSE_BASE: Final = 2


def _middle(head: PhotoHead, fields: FaceFields) -> np.ndarray:
    """(3,) metres: where the chart's angles are measured from."""
    base = head.landmarks.on(head.template)[_NOSE_BASE]
    return np.array([0.0, base[1], fields.pivot[2] - _BACK], np.float32)


def place_on_chart(head: PhotoHead, fields: FaceFields) -> np.ndarray:
    """(V, 2) float32: where each vertex lies on the chart, x right and y down, 0..1 inside."""
    azimuth, elevation, _ = polar(head.template - _middle(head, fields))
    across = 0.5 + azimuth / (2 * _AZIMUTH)
    down = (_HIGHEST - elevation) / (_HIGHEST - _LOWEST)
    return np.stack([across, down], 1).astype(np.float32)


@dataclass(frozen=True)
class Chart:
    """What of the outer skin each texel (HEIGHT, WIDTH) shows.

    seen : int32 index into triangles, or -1; flat : (V, 3) float32 texels and 1, as `interpolate`
    takes them; triangles : (T, 3) int32 of the skin.
    """

    seen: np.ndarray
    flat: np.ndarray
    triangles: np.ndarray

    @staticmethod
    def of(head: PhotoHead, fields: FaceFields) -> Chart:
        """Lay out the template's skin; of several layers the outermost is seen."""
        triangles = head.triangles[head.material[head.triangles[:, 0]] == SKIN]
        place = place_on_chart(head, fields) * np.array([WIDTH, HEIGHT], np.float32)
        across = place[triangles, 0]
        triangles = np.ascontiguousarray(triangles[np.ptp(across, axis=1) < WIDTH / 4])
        radius = polar(head.template - _middle(head, fields))[2]
        flat = np.ones((len(place), 3), np.float32)
        flat[:, :2] = place
        heights = np.zeros((HEIGHT, WIDTH), np.float32)
        seen = np.full(heights.shape, NO_TRIANGLE, np.int32)
        draw_triangles(np.c_[place, radius].astype(np.float32), triangles, heights, seen)
        return Chart(seen, flat, triangles)

    def spread(self, attributes: np.ndarray) -> np.ndarray:
        """Vertex attributes (V, A) -> (HEIGHT, WIDTH, A) float32, 0 where there is no skin."""
        out = np.zeros((HEIGHT, WIDTH, attributes.shape[1]), np.float32)
        interpolate(
            self.flat, self.triangles, np.ascontiguousarray(attributes, np.float32), self.seen, out
        )
        return out
