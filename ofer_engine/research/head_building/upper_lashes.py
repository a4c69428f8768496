"""Upper lashes that stand off the lid.

MakeHuman's sheets of upper lashes lie on the lid; in a random head of the basis more than half of
their middle rows are beneath the skin (25 heads), so that single dashes of hair are seen. Here each
row of hairs begins at the lid's edge and curves forwards and up; with identities it moves with the
edge, in units it also turns with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from ...heads.open_head import OpenHead

LENGTH: Final = 0.007
"""Metres from root to tip of the longest lash."""
_LEAST_SHARE: Final = 0.55
_SPAN: Final = (0.12, 0.92)
"""The outermost and the innermost lash, in half turns of the sine that lengths follow."""
_EDGE: Final = (4343, 4344, 4345, 4346, 4341, 4340, 4347, 4359, 4357, 4352, 4351, 4353)
"""Skin vertices of the front border of the left upper lid's edge, from the outer corner inwards."""
_ROOTS: Final = (0.03, 0.88)
"""Shares of the edge's length at which the outermost and the innermost lash are rooted."""
_FORWARDS: Final = 1.5
"""How much more a lash points to the front than away from the eyeball's centre."""
_ANGLES: Final = (-15.0, 42.0)
"""Degrees upwards at root and tip."""
_BEND: Final = 0.8
"""Power of the share of a lash's length by which its angle grows."""
_FAN: Final = 0.35
_FAN_MIDDLE: Final = 0.6
_FAN_BEND: Final = 1.3
"""How far tips lean aside, for a lash at the edge's other end; where they lean to no side, as a
share of the row; the power of the share of the length by which they lean."""
_SUNK: Final = 0.0003
"""Metres that roots lie beneath the edge."""
_ACROSS: Final = np.array([-1, 1, 1])


def with_upper_lashes(head: OpenHead) -> OpenHead:
    """The head whose upper lashes stand off its lids, in its template, identity modes and units.
    Pure. Raises ValueError where it has no sheets of lashes as the built head has."""
    left = _LeftLashes.of(head)
    template = left.laid_on_both(head.template.astype(np.float64), head.mirror)
    identity, expression = head.identity.copy(), head.expression.copy()
    both = np.concatenate((left.sheet.ravel(), head.mirror[left.sheet.ravel()]))
    for mode in identity:
        ends = [
            left.laid_on_both(head.template + sign * mode.astype(np.float64), head.mirror)[both]
            for sign in (1, -1)
        ]
        mode[both] = (ends[0] - ends[1]) / 2
    for unit in expression:
        moved = left.laid_on_both(head.template + unit.astype(np.float64), head.mirror)
        unit[both] = (moved - template)[both]
    return replace(
        head, template=template.astype(np.float32), identity=identity, expression=expression
    )


@dataclass(frozen=True, eq=False)
class _LeftLashes:
    """sheet : (rows, columns) vertex ids of the left upper lashes, the first row at the lid, the
    first column at the outer corner; roots : (columns, E) weights of the lid's edge, of which each
    column's root is a mean; eye : (N,) vertex ids of the left eyeball."""

    sheet: np.ndarray
    roots: np.ndarray
    eye: np.ndarray

    @classmethod
    def of(cls, head: OpenHead) -> _LeftLashes:
        eye = head.part_polygons("eye_left")
        eye = np.unique(eye[eye >= 0])
        sheets = _sheets(head.part_polygons("lashes"))
        middles = [head.template[each].mean((0, 1)) for each in sheets]
        sheet = sheets[int(np.argmax([y if x > 0 else -np.inf for x, y, _ in middles]))]
        away = np.linalg.norm(head.template[sheet] - head.template[eye].mean(0), axis=2)
        if away[0].mean() > away[-1].mean():
            sheet = sheet[::-1]
        if head.template[sheet[0, 0], 0] < head.template[sheet[0, -1], 0]:
            sheet = sheet[:, ::-1]
        edge = head.template[list(_EDGE)].astype(np.float64)
        return cls(sheet, _along(edge, np.linspace(*_ROOTS, sheet.shape[1])), eye)

    def laid_on_both(self, shape: np.ndarray, mirror: np.ndarray) -> np.ndarray:
        """(V, 3) float64: a shape (V, 3) with its upper lashes laid out, alike on both sides."""
        laid = shape.astype(np.float64)
        laid[self.sheet] = self._laid(laid)
        laid[mirror[self.sheet]] = self._laid(laid[mirror] * _ACROSS) * _ACROSS
        return laid

    def _laid(self, shape: np.ndarray) -> np.ndarray:
        """(rows, columns, 3): where the left ones are on a shape (V, 3)."""
        roots = self.roots @ shape[list(_EDGE)]
        away = _unit(roots - shape[self.eye].mean(0))
        front = _unit(away + (0, 0, _FORWARDS))
        inwards = _unit(np.gradient(roots, axis=0))
        up = _unit(np.cross(inwards, front))
        along = np.linspace(0, 1, len(roots))[:, None]
        span = _SPAN[0] + (_SPAN[1] - _SPAN[0]) * along
        length = LENGTH * (_LEAST_SHARE + (1 - _LEAST_SHARE) * np.sin(np.pi * span))
        aside = _FAN * (along - _FAN_MIDDLE) * inwards
        rows = []
        for share in np.linspace(0, 1, len(self.sheet)):
            ahead, risen = _curve(share)
            bent = ahead * front + risen * up + share**_FAN_BEND * aside
            rows.append(roots - _SUNK * front + length * bent)
        return np.stack(rows)


def _curve(share: float) -> tuple[float, float]:
    """How far a lash of length 1 has come forwards and up after a share of its length."""
    steps = np.linspace(0, share, 41)
    angles = np.radians(_ANGLES[0] + (_ANGLES[1] - _ANGLES[0]) * steps**_BEND)
    return float(np.trapezoid(np.cos(angles), steps)), float(np.trapezoid(np.sin(angles), steps))


def _along(line: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(S, N) weights of a line's points (N, 3) that give the points at shares of its length."""
    lengths = np.linalg.norm(np.diff(line, axis=0), axis=1)
    at = np.interp(shares, np.append(0, np.cumsum(lengths)) / lengths.sum(), np.arange(len(line)))
    return np.maximum(1 - np.abs(at[:, None] - np.arange(len(line))), 0)


def _sheets(polygons: np.ndarray) -> list[np.ndarray]:
    """(rows, columns) vertex ids of each grid of quads (F, 4), the shorter side first."""
    pairs = np.concatenate([polygons[:, [i, (i + 1) % 4]] for i in range(4)])
    size = int(polygons.max()) + 1
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), (size, size)).tocsr()
    graph = ((graph + graph.T) > 0).astype(int)
    _, part = connected_components(graph)
    sheets = []
    for number in np.unique(part[polygons[:, 0]]):
        ids = np.flatnonzero(part == number)
        corners = ids[np.asarray(graph[ids].sum(1)).ravel() == 2]
        if len(corners) != 4:
            raise ValueError("a sheet of lashes is no grid of quads")
        away = dijkstra(graph, indices=corners, unweighted=True)[:, ids]
        apart = away[0, np.searchsorted(ids, corners)]
        near, far = np.argsort(apart)[1:3]
        rows, columns = int(apart[near]) + 1, int(apart[far]) + 1
        row = (away[0] - away[near] + rows - 1) / 2
        column = away[0] - row
        if rows * columns != len(ids):
            raise ValueError("a sheet of lashes is no grid of quads")
        sheet = np.zeros((rows, columns), np.int64)
        sheet[row.astype(int), column.astype(int)] = ids
        sheets.append(sheet)
    return sheets


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
