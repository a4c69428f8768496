"""The face's outline in a photo: points that slide over the skin as the head turns.

Half-planes about an axis through the face cut its skin in lines that run from the cheek backwards.
Each line is seen at the one place of it that stands out farthest, which is another place from
every side ("landmark marching", Zhu et al. 2015). Only how far out that is tells of the shape;
where along the outline it lies does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

LINES: Final = 24
_WIDEST: Final = np.radians(110.0)
"""Between straight down and the last line on either side, seen from the front."""
_NEAREST: Final = 0.03
"""Metres from the axis at which lines begin: a nose before the cheek is no outline of a face."""
_SPACING: Final = 0.002


@dataclass(frozen=True, eq=False)
class Contour:
    """L lines of S places each, mirror images at both ends of the list.

    ends : (L, S, 2) int32 vertex ids; share : (L, S) float32 of the second; outward : (L, 3) the
    direction, in the head's frame, in which each line is searched for its outermost place.
    """

    ends: np.ndarray
    share: np.ndarray
    outward: np.ndarray

    def on(self, vertices: np.ndarray) -> np.ndarray:
        """vertices : (V, C). (L, S, C) the places of all lines on a surface."""
        first, second = vertices[self.ends[..., 0]], vertices[self.ends[..., 1]]
        return first + self.share[..., None] * (second - first)

    def seen(self, places: np.ndarray, outward: np.ndarray) -> np.ndarray:
        """(L,) which place of each line stands out farthest.

        places : (L, S, 2) in the picture; outward : (L, 2) each line's direction in it.
        """
        return np.einsum("lsc,lc->ls", places, outward).argmax(axis=1)


def contour_lines(
    template: np.ndarray, triangles: np.ndarray, skin: np.ndarray, axis: np.ndarray
) -> Contour:
    """Lines on the skin that a face's outline can lie on.

    template : (V, 3) metres, engine frame; triangles : (T, 3); skin : (V,) bool, the outer skin of
    face and jaw; axis : (3,) a point of the axis, which runs along Z. Raises ValueError where a
    line meets no skin.
    """
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, ::2]]))
    edges = np.unique(edges[skin[edges].all(axis=1)], axis=0)
    angles = np.linspace(-_WIDEST, _WIDEST, LINES)
    outward = np.stack([np.sin(angles), -np.cos(angles), np.zeros(LINES)], axis=1)
    lines = [_line(template - axis, edges, direction) for direction in outward]
    length = max(len(share) for _, share in lines)
    ends = np.stack([_filled(one, length) for one, _ in lines])
    share = np.stack([_filled(one, length) for _, one in lines])
    return Contour(ends.astype(np.int32), share.astype(np.float32), outward.astype(np.float32))


def _line(
    template: np.ndarray, edges: np.ndarray, outward: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The edges (S, 2) that a half-plane crosses, _SPACING apart, and where along them (S,)."""
    across = np.cross(outward, [0.0, 0.0, 1.0])
    side = template @ across
    crossing = edges[(side[edges[:, 0]] > 0) != (side[edges[:, 1]] > 0)]
    first, second = side[crossing].T
    share = first / (first - second)
    places = template[crossing[:, 0]] + share[:, None] * np.diff(template[crossing], axis=1)[:, 0]
    reached = places @ outward > _NEAREST
    crossing, share, places = crossing[reached], share[reached], places[reached]
    if not len(crossing):
        raise ValueError("a line of the outline meets no skin")
    order = np.argsort(-places[:, 2], kind="stable")
    kept = [order[0]]
    for index in order[1:]:
        if np.linalg.norm(places[index] - places[kept[-1]]) >= _SPACING:
            kept.append(index)
    return crossing[kept], share[kept]


def _filled(values: np.ndarray, length: int) -> np.ndarray:
    """A list continued to `length` by its last entry."""
    return np.concatenate([values, np.repeat(values[-1:], length - len(values), axis=0)])
