"""Keeps the lips of a head closed: a linear operator on the rings of vertices around the mouth.

MakeHuman leaves a slit between the lips, and its sliders open it further. The upper and the lower
lip each give up half of their vertical gap; neighbouring rings follow, fading out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .head_cut import HeadCut, edge_loop

CONTACT: Final = 474
_FOLLOW: Final = {
    466: 0.15, 467: 0.35, 509: 0.6, 468: 0.85, 474: 1.0,
    520: 1.0, 537: 0.9, 554: 0.7, 571: 0.4, 588: 0.15,
}  # fmt: skip
OVERLAP: Final = 0.0004


@dataclass(frozen=True)
class LipSeal:
    """rings : (R, 38) head vertices, the same column along one radius; follow : (R,) share of the
    closing; operator : (38, 38) from the heights of the contact ring to their change."""

    rings: np.ndarray
    follow: np.ndarray
    operator: np.ndarray
    gap_sign: np.ndarray

    def close(self, shapes: np.ndarray, overlap: float) -> np.ndarray:
        """Close the lips of shapes, or of displacements, (..., V, 3).

        overlap : metres by which the lips press into each other; 0 for displacements.
        """
        contact = self.rings[list(_FOLLOW).index(CONTACT)]
        change = shapes[..., contact, 1] @ self.operator.T + overlap / 2 * self.gap_sign
        closed = shapes.copy()
        for ring, share in zip(self.rings, self.follow, strict=True):
            closed[..., ring, 1] += share * change
        return closed


def lip_seal(cut: HeadCut, vertices: np.ndarray) -> LipSeal:
    """Build the operator on one head.

    vertices : (V, 3) metres; opposite points of the lips are those of equal x on these vertices.
    """
    skin = cut.polygons[cut.part == 0]
    rings = []
    for upper_middle in _FOLLOW:
        middle = int(np.flatnonzero(cut.base_ids == upper_middle)[0])
        quads = skin[(skin == middle).any(1)]
        along = [
            int(vertex)
            for quad in quads
            for vertex in (quad[(np.argmax(quad == middle) + s) % 4] for s in (1, 3))
            if vertices[vertex, 0] > 1e-6
        ]
        rings.append(edge_loop(skin, middle, along[0]))
    contact = np.array(rings[list(_FOLLOW).index(CONTACT)])
    x = vertices[contact, 0]
    corners = int(x.argmax()), int(x.argmin())
    order = np.arange(len(contact))
    lower = (order > corners[0]) & (order < corners[1])
    upper = (order < corners[0]) | (order > corners[1])
    operator = np.zeros((len(contact), len(contact)))
    for own, other in ((upper, lower), (lower, upper)):
        facing = np.concatenate([np.flatnonzero(other), corners])
        facing = facing[np.argsort(x[facing])]
        for point in np.flatnonzero(own):
            weights = [np.interp(x[point], x[facing], unit) for unit in np.eye(len(facing))]
            operator[point, point] -= 0.5
            operator[point, facing] += 0.5 * np.array(weights)
    sign = np.where(upper, -1.0, np.where(lower, 1.0, 0.0))
    return LipSeal(np.array(rings), np.array(list(_FOLLOW.values())), operator, sign)
