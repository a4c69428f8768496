"""Lets each row of teeth keep its distance from the skin in front of it, whoever the head is.

`teeth_attachment` ties the teeth to the middle of the lips. Lips and chin of real people move
forward and back by themselves, so a row goes with the skin before it, and starts behind it by a
safe distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import KDTree

from ...geometry.triangles import triangulate, vertex_normals
from .head_cut import HeadCut

_ROWS: Final = (("teeth_upper",), ("teeth_lower", "tongue"))
_CLEARANCE: Final = (0.0060, 0.0055)
"""Metres of skin before the foremost tooth of either row, on the template."""
_FRONT_TEETH: Final = 0.012
"""Metres from the foremost tooth within which teeth can come through."""
_AROUND: Final = 0.050
_FORWARD: Final = 0.15
"""Of a normal: skin that looks this much forward lies in front of teeth."""
_NEIGHBOURS: Final = 4


@dataclass(frozen=True)
class TeethRows:
    """For each row: members : (m,) int vertices that move as one; skin : (s,) int vertices in front
    of its foremost teeth; back : metres by which the template's row must give way."""

    members: tuple[np.ndarray, ...]
    skin: tuple[np.ndarray, ...]
    back: tuple[float, ...]

    def withdrawn(self, template: np.ndarray) -> np.ndarray:
        """The template (V, 3) with its rows at a safe distance."""
        changed = template.copy()
        for members, back in zip(self.members, self.back, strict=True):
            changed[members, 2] -= back
        return changed

    def following(self, moves: np.ndarray) -> np.ndarray:
        """Moves (K, V, 3) in which each row goes forward and back as the skin before it."""
        changed = moves.copy()
        for members, skin in zip(self.members, self.skin, strict=True):
            own = moves[:, members, 2].mean(1)
            changed[:, members, 2] += (moves[:, skin, 2].mean(1) - own)[:, None]
        return changed


def teeth_rows(cut: HeadCut, template: np.ndarray, skin: np.ndarray) -> TeethRows:
    """template : (V, 3) metres; skin : (V,) bool, what is seen of it."""
    normals = vertex_normals(template, triangulate(cut.polygons[cut.part == 0]), float)
    teeth = template[cut.vertices_of(*(names[0] for names in _ROWS))]
    near = np.linalg.norm(template[:, :2] - teeth[:, :2].mean(0), axis=1) < _AROUND
    before = template[:, 2] > teeth[:, 2].mean()
    front = np.flatnonzero(skin & near & before & (normals[:, 2] > _FORWARD))
    surface = LinearNDInterpolator(template[front, :2], template[front, 2])
    tree = KDTree(template[front, :2])
    members, ahead, back = [], [], []
    for names, wanted in zip(_ROWS, _CLEARANCE, strict=True):
        teeth = cut.vertices_of(names[0])
        foremost = teeth[template[teeth, 2] > template[teeth, 2].max() - _FRONT_TEETH]
        clearance = surface(template[foremost, :2]) - template[foremost, 2]
        nearest = tree.query(template[foremost, :2], k=_NEIGHBOURS)[1]
        members.append(cut.vertices_of(*names))
        ahead.append(front[np.unique(nearest)])
        back.append(max(wanted - float(np.nanmin(clearance)), 0.0))
    return TeethRows(tuple(members), tuple(ahead), tuple(back))
