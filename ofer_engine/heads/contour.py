"""The face's outline in a photo: points that slide over the skin as the head turns.

From the middle of the face rays run outwards in the picture, at fixed angles about the head's own
upright; each meets the outline of face and jaw where their skin reaches farthest, which is another
place of the skin from every side (a sliding, or marching, landmark: Zhu et al. 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..geometry.triangles import edges_of

RAYS: Final = 24
_WIDEST: Final = np.radians(110.0)
"""Between straight down and the last ray on either side."""
_ANGLES: Final = np.linspace(-_WIDEST, _WIDEST, RAYS)
_BEHIND: Final = 0.03
"""Metres behind the face's average place from which rays run: within its outline from all sides."""


@dataclass(frozen=True, eq=False)
class Contour:
    """The skin that an outline is looked for on.

    edges : (E, 2) int32 vertex ids; middle : (3,) where the rays run from, metres, head's frame.
    """

    edges: np.ndarray
    middle: np.ndarray

    def seen(
        self, screen: np.ndarray, middle: np.ndarray, up: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which edge each ray meets farthest out, (L,), and where along it, (L,) of the second end.

        screen : (V, 2) vertices in the picture, x right and y down; middle : (2,) `middle` in it;
        up : (2,) the head's upright in it. The first ray runs to the picture's left, the last to
        its right: mirror images at both ends of the list. Every ray must meet skin, as it does
        while the face can be seen.
        """
        down = -up / np.linalg.norm(up)
        away = screen - middle
        across, along = away @ np.array([down[1], -down[0]]), away @ down
        angles = np.arctan2(across, along)[self.edges]
        first, last = np.searchsorted(_ANGLES, np.sort(angles, axis=1)).T
        count = np.where(np.ptp(angles, axis=1) < np.pi, last - first, 0)
        edge = np.repeat(np.arange(len(count)), count)
        ray = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
        sine, cosine = np.sin(_ANGLES[ray]), np.cos(_ANGLES[ray])
        ends = self.edges[edge].T
        beside = across[ends] * cosine - along[ends] * sine
        reaching = across[ends] * sine + along[ends] * cosine
        share = beside[0] / (beside[0] - beside[1])
        reach = reaching[0] + share * (reaching[1] - reaching[0])
        farthest = np.zeros(RAYS, int)
        order = np.argsort(reach, kind="stable")
        farthest[ray[order]] = order
        return edge[farthest], share[farthest]

    def on(self, edge: np.ndarray, share: np.ndarray, vertices: np.ndarray) -> np.ndarray:
        """(L, C) the places of vertices (V, C) that `seen` names."""
        first, second = vertices[self.edges[edge, 0]], vertices[self.edges[edge, 1]]
        return first + share[:, None] * (second - first)


def outline_skin(
    template: np.ndarray, outer: np.ndarray, ears: np.ndarray, neck: np.ndarray
) -> np.ndarray:
    """(V,) bool: the skin before the ears and above the neck, on which an outline lies.

    template : (V, 3) metres; outer : (V,) bool; ears, neck : (V,) 0..1.
    """
    depth = template[:, 2]
    before = depth > depth[ears > 0.5].max(initial=-np.inf)
    return outer & before & (neck < 0.5) & (ears < 0.5)


def contour_of(triangles: np.ndarray, skin: np.ndarray, axis: np.ndarray) -> Contour:
    """The outline's skin. triangles : (T, 3); skin : (V,) bool, the outer skin of face and jaw;
    axis : (3,) the face's average place, metres, engine frame."""
    edges = edges_of(triangles)
    edges = edges[skin[edges].all(axis=1)]
    return Contour(edges.astype(np.int32), (axis - [0.0, 0.0, _BEHIND]).astype(np.float32))
