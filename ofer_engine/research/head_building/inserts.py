"""Sets finer pieces into a head, in the place of coarse ones of its own that say how they move.

Eyeballs and teeth are stiff: whatever a mode or a unit does to the old piece is, to a tenth of a
millimetre, one affine map, and the new piece takes the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ...heads.open_head import OpenHead

_FOLLOWING: Final = ("identity", "expression", "scan_offset")


@dataclass(frozen=True, eq=False)
class Insert:
    """A new piece of the template.

    old : the part whose vertices it moves as; vertices : (N, 3) metres; polygons : (F, 4) int
    places in vertices, -1 last in a triangle; uv : (F, 4, 2); parts : (F,) str, part of each
    polygon.
    """

    old: str
    vertices: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    parts: np.ndarray

    def mirrored(self, old: str, part: str) -> Insert:
        """The same on the other side, as one part in the place of `old`; uv is kept."""
        order = np.where(self.polygons[:, 3:] < 0, (0, 2, 1, 3), (0, 3, 2, 1))
        return Insert(
            old,
            self.vertices * (-1, 1, 1),
            np.take_along_axis(self.polygons, order, 1),
            np.take_along_axis(self.uv, order[..., None], 1),
            np.full(len(self.polygons), part),
        )


def with_inserts(head: OpenHead, inserts: tuple[Insert, ...]) -> OpenHead:
    """The head with each insert for the polygons of its old part.

    No vertex of another part changes its number: an insert takes the numbers of its old part, and
    what it needs beyond them is appended. Raises ValueError for an insert with fewer vertices
    than its old part.
    """
    names = [*head.part_names]
    for insert in inserts:
        names += [name for name in dict.fromkeys(insert.parts.tolist()) if name not in names]
    kept = ~np.isin(head.part, [names.index(insert.old) for insert in inserts])
    polygons, uv, part = [head.polygons[kept]], [head.uv[kept]], [head.part[kept]]
    for insert in inserts:
        head, ids = _placed(head, insert)
        polygons.append(np.where(insert.polygons < 0, -1, ids[insert.polygons]))
        uv.append(insert.uv)
        part.append(np.array([names.index(name) for name in insert.parts]))
    joined = replace(
        head,
        polygons=np.concatenate(polygons).astype(np.int32),
        uv=np.concatenate(uv).astype(np.float32),
        part=np.concatenate(part).astype(np.uint8),
        part_names=tuple(names),
    )
    return replace(joined, mirror=_mirror(joined, inserts))


def _placed(head: OpenHead, insert: Insert) -> tuple[OpenHead, np.ndarray]:
    """The head with the insert's vertices, and their (N,) numbers."""
    old = np.unique(head.part_polygons(insert.old))
    old = old[old >= 0]
    more = len(insert.vertices) - len(old)
    if more < 0:
        raise ValueError(f"the new {insert.old} has fewer vertices than the old one")
    ids = np.r_[old, len(head.template) + np.arange(more)]
    place = head.template[old].astype(np.float64)
    nearest = old[KDTree(place).query(insert.vertices)[1]]
    affine = np.linalg.pinv(np.c_[place, np.ones(len(old))])
    carried = np.c_[insert.vertices, np.ones(len(ids))] @ affine
    changed = {"template": _filled(head.template, ids, insert.vertices)}
    for name in _FOLLOWING:
        moves = np.moveaxis(getattr(head, name), -2, 0)
        new = np.tensordot(carried, moves[old], 1)
        changed[name] = np.moveaxis(_filled(moves, ids, new), 0, -2)
    changed["regions"] = _filled(head.regions.T, ids, head.regions.T[nearest]).T
    for name in ("skin_weights", "outer", "face", "mirror"):
        values = getattr(head, name)
        changed[name] = _filled(values, ids, values[nearest])
    return replace(head, **changed), ids


def _filled(values: np.ndarray, ids: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Values (V, ...) with new ones (N, ...) at ids, which may reach beyond V."""
    beyond = max(int(ids.max()) + 1 - len(values), 0)
    filled = np.concatenate([values, np.zeros((beyond, *values.shape[1:]), values.dtype)])
    filled[ids] = new
    return filled


def _mirror(head: OpenHead, inserts: tuple[Insert, ...]) -> np.ndarray:
    """(V,) int32: within the inserts' parts, the vertex nearest to the mirror image."""
    parts = {name for insert in inserts for name in insert.parts.tolist()}
    new = np.unique(head.part_polygons(*parts))
    new = new[new >= 0]
    place = head.template[new]
    mirror = head.mirror.copy()
    mirror[new] = new[KDTree(place).query(place * (-1, 1, 1))[1]]
    return mirror
