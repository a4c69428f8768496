"""Keeps teeth and tongue where they belong behind the lips.

MakeHuman's sliders move the lips away from the teeth, until an open mouth shows none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .head_cut import HeadCut

_LIP_MIDDLE: Final = (474, 493)
_INCISOR_DEPTH: Final = 0.006
_EDGE_HEIGHT: Final = 0.001
_INSERTS: Final = ("teeth_upper", "teeth_lower", "tongue")


@dataclass(frozen=True)
class TeethAttachment:
    """inserts : (n,) int, vertices of teeth and tongue; teeth : (m,) int, the edge of the upper
    incisors; lips : (2,) int, the middle of the closed lips."""

    inserts: np.ndarray
    teeth: np.ndarray
    lips: np.ndarray

    def offset(self, shapes: np.ndarray) -> np.ndarray:
        """(..., 1, 3): from the edge of the incisors to the middle of the lips."""
        lips, teeth = shapes[..., self.lips, :], shapes[..., self.teeth, :]
        return lips.mean(-2, keepdims=True) - teeth.mean(-2, keepdims=True)

    def hold(self, shapes: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """Shapes (..., V, 3) with teeth and tongue moved as one to have this offset (..., 1, 3);
        for displacements the offset is zero."""
        seated = shapes.copy()
        seated[..., self.inserts, :] += self.offset(shapes) - offset
        return seated


def teeth_attachment(cut: HeadCut, vertices: np.ndarray) -> TeethAttachment:
    """Find teeth, tongue and the middle of the lips on one head, vertices (V, 3) metres."""
    upper = cut.vertices_of("teeth_upper")
    front = upper[vertices[upper, 2] > vertices[upper, 2].max() - _INCISOR_DEPTH]
    edge = front[vertices[front, 1] < vertices[front, 1].min() + _EDGE_HEIGHT]
    lips = np.flatnonzero(np.isin(cut.base_ids, _LIP_MIDDLE))
    return TeethAttachment(cut.vertices_of(*_INSERTS), edge, lips)
