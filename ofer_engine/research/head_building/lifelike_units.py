"""Units as ARKit means them, where they leave something out.

A smile narrows the eye a little; with an open jaw the tongue lies on the floor
of the mouth; lips that purse or open keep a round rim.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from ...contract.arkit import ARKIT_52
from ...geometry.triangles import edges_of, triangulate, vertex_normals
from ...heads.open_head import OpenHead

_LID: Final = 0.00087
"""Metres by which a smile lifts the lower lid, with as much of eyeSquint as it takes. Over 879
portraits, the lid rises with the smile by 0.031 of an eye's width, 0.85 mm here, and the upper one
sinks by 0.006."""
_LOWER_LIDS: Final = {"Left": 374, "Right": 145}
_SMOOTHED: Final = {"mouthFunnel": 12, "jawOpen": 6}
"""Rounds of smoothing of the lips' displacement."""
_FLAT: Final = 0.5
"""Of the tongue's height, with the jaw wide open."""
_DROPPED: Final = 0.005
"""Metres that the tongue's back sinks, with the jaw wide open."""
_BELOW: Final = -0.3
_UNDER: Final = 0.0050
"""Metres that the floor of the mouth lies below the tongue's underside."""
_BESIDE: Final = 0.004
_PALATE: Final = 0.012
"""Metres beside the tongue up to which lining is under it, and above it from which it is not."""


def lifelike_units(head: OpenHead) -> np.ndarray:
    """(52, V, 3) float32 metres, in ARKIT_52 order."""
    units = head.expression.astype(np.float64)
    for side in ("Left", "Right"):
        smile, squint = units[_at(f"mouthSmile{side}")], units[_at(f"eyeSquint{side}")]
        lid = _LOWER_LIDS[side]
        smile += (_LID - _rise(head, smile, lid)) / _rise(head, squint, lid) * squint
    average = _average(head)
    for name, rounds in _SMOOTHED.items():
        for _ in range(rounds):
            units[_at(name)] = average @ units[_at(name)]
    units[_at("jawOpen")] += _tongue_down(head, units[_at("jawOpen")])
    units[_at("jawOpen")] += _floor_down(head, units[_at("jawOpen")])
    return units.astype(np.float32)


def _at(name: str) -> int:
    return ARKIT_52.index(name)


def _rise(head: OpenHead, unit: np.ndarray, landmark: int) -> float:
    """Metres by which a unit (V, 3) lifts a landmark."""
    return float(head.landmarks(unit)[landmark, 1])


def _average(head: OpenHead) -> sparse.csr_matrix:
    """(V, V): each vertex of the lips half-way towards the mean of its neighbours, others stay."""
    count = len(head.template)
    skin = head.part_polygons("skin")
    ends = np.concatenate([edges_of(triangulate(skin)), edges_of(triangulate(skin))[:, ::-1]])
    beside = sparse.csr_matrix((np.ones(len(ends)), ends.T), (count, count))
    mean = sparse.diags(1 / np.maximum(np.asarray(beside.sum(1)).ravel(), 1)) @ beside
    share = 0.5 * head.region("lips")
    return (sparse.diags(1 - share) + sparse.diags(share) @ mean).tocsr()


def _tongue_down(head: OpenHead, opened: np.ndarray) -> np.ndarray:
    """(V, 3): what flattens the tongue onto its underside and lets its back sink; 0 elsewhere."""
    triangles = triangulate(head.part_polygons("tongue"))
    ids = np.unique(triangles)
    shape = head.template + opened
    under = vertex_normals(shape, triangles, float)[ids, 1] < _BELOW
    y, z = shape[ids, 1], shape[ids, 2]
    floor = np.polyval(np.polyfit(z[under], y[under], 2), z)
    back = np.clip((z.max() - z) / np.ptp(z), 0, 1)
    move = np.zeros_like(shape)
    move[ids, 1] = (_FLAT - 1) * np.maximum(y - floor, 0) - _DROPPED * back
    return move


def _floor_down(head: OpenHead, opened: np.ndarray) -> np.ndarray:
    """(V, 3): what takes the lining of the mouth below the tongue's underside, under it; 0
    elsewhere."""
    tongue = np.unique(head.part_polygons("tongue"))
    shape = head.template + opened
    own = shape[tongue]
    lining = np.flatnonzero(~head.outer & (head.region("mouth_cavity") > 0.5))
    tree = KDTree(own[:, [0, 2]])
    away, near = tree.query(shape[lining][:, [0, 2]], 8)
    above = own[near, 1].max(1)
    under = own[near, 1].min(1) - _UNDER
    floor = (np.asarray(away)[:, 0] < _BESIDE) & (shape[lining, 1] < above + _PALATE)
    move = np.zeros_like(shape)
    move[lining[floor], 1] = np.minimum(under - shape[lining, 1], 0.0)[floor]
    return move
