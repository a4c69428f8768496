"""Rows of single teeth with gums, along the edges of MakeHuman's rows, which are one folded sheet.

Sizes of teeth are those of textbooks of dental anatomy, rounded, times what fills the head's wider
arch. The upper incisors reach over the lower ones, so that an open mouth shows both rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from ...heads.open_head import OpenHead
from .inserts import Insert

_WIDTHS: Final = {
    "upper": (8.5, 6.7, 7.6, 7.0, 6.8, 10.0, 9.5, 8.5),
    "lower": (5.4, 6.0, 6.9, 7.0, 7.1, 11.0, 10.5, 10.0),
}
_HEIGHTS: Final = {
    "upper": (10.0, 9.0, 10.0, 8.5, 8.0, 7.2, 7.0, 6.5),
    "lower": (8.8, 9.2, 10.0, 8.5, 8.0, 7.2, 7.0, 6.8),
}
_DEPTHS: Final = (1.3, 1.3, 1.8, 5.5, 6.0, 7.5, 7.5, 7.5)
"""Of the edge or the chewing face: millimetres from cheek to tongue."""
_LOWERED: Final = {"upper": 0.0022, "lower": 0.0006}
"""Metres towards the other row that the edges come down or up from MakeHuman's."""
_BACK: Final = {"upper": 0.0, "lower": 0.0008}
_WITHIN: Final = (0.0, 0.07, 0.5, 0.93)
"""Columns of a tooth, over its width; the first lies between two teeth."""


@dataclass(frozen=True)
class _Row:
    """One line of the profile, from the gum before the teeth over their edges to the gum behind.

    out, up : millimetres from the edge, up a share `height` of the crown besides; depth : share of
    the tooth's depth inwards; pinch, rise : millimetres inwards and up where two teeth meet.
    """

    out: float
    up: float
    height: float
    depth: float
    pinch: float
    rise: float


_PROFILE: Final = (
    _Row(1.0, 7.0, 1.0, 0.0, 0.2, 0.0),
    _Row(1.7, 1.2, 1.0, 0.0, 0.3, -1.0),
    _Row(1.2, 0.0, 1.0, 0.0, 0.6, -2.0),
    _Row(1.1, 0.0, 0.5, 0.0, 1.9, 0.0),
    _Row(0.0, 0.5, 0.0, 0.0, 1.9, 1.3),
    _Row(-0.3, 0.0, 0.0, 0.0, 1.1, 1.6),
    _Row(-0.2, 0.0, 0.0, 1.0, -0.2, 1.0),
    _Row(-2.2, 0.0, 0.5, 1.0, -0.4, 0.0),
    _Row(-4.2, 0.0, 1.0, 1.0, -0.4, -1.0),
    _Row(-5.6, 4.0, 1.0, 1.0, 0.0, 0.0),
)
_GUMS: Final = (0, 1, 8)
"""Bands of the profile that are gum."""


def dental_arches(head: OpenHead) -> tuple[Insert, Insert]:
    """The upper and the lower row with their gums, each symmetric."""
    return _arch(head, "upper", 1.0), _arch(head, "lower", -1.0)


def _arch(head: OpenHead, row: str, up: float) -> Insert:
    """up : 1 where roots lie above edges, else -1."""
    edge, length = _edge(head, f"teeth_{row}")
    widths = np.array(_WIDTHS[row]) / 1000
    widths *= length / widths.sum()
    starts = np.r_[0.0, np.cumsum(widths)[:-1]]
    along = (starts[:, None] + widths[:, None] * np.array(_WITHIN)).ravel()
    tooth = np.repeat(np.arange(len(widths)), len(_WITHIN))
    met = np.tile(np.array(_WITHIN) == 0.0, len(widths))
    along, tooth, met = np.r_[along, length], np.r_[tooth, tooth[-1]], np.r_[met, True]
    height = _over_columns(np.array(_HEIGHTS[row]), tooth, met)
    depth = _over_columns(np.array(_DEPTHS), tooth, met)
    place, slope = edge(along), edge(along, 1)
    outwards = np.stack((-slope[:, 2], np.zeros(len(slope)), slope[:, 0]), 1)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    lines = []
    for line in _PROFILE:
        out = line.out - line.depth * depth - line.pinch * met
        rise = line.up + line.height * height + line.rise * met
        moved = place + outwards * (out / 1000 - _BACK[row])[:, None]
        moved[:, 1] += up * (rise / 1000 - _LOWERED[row])
        lines.append(moved)
    half = np.stack(lines)
    half[:, 0, 0] = 0.0
    grid = np.concatenate((half[:, :0:-1] * (-1, 1, 1), half), axis=1)
    return _meshed(head, row, grid, up)


def _over_columns(each: np.ndarray, tooth: np.ndarray, met: np.ndarray) -> np.ndarray:
    """(C,) a tooth's value in each column; where two meet, their mean."""
    before = each[np.maximum(tooth - 1, 0)]
    value = each[tooth]
    inner = met.copy()
    inner[-1] = False
    return np.where(inner, (value + before) / 2, value)


def _edge(head: OpenHead, part: str) -> tuple[CubicSpline, float]:
    """The left half of an old row's edge as a curve over its length in metres, from the middle.

    An old row is a sheet folded along the edge: its outer side has corners where three lines cross,
    the edge those nearest to the other row.
    """
    polygons = head.part_polygons(part)
    ids, count = np.unique(polygons, return_counts=True)
    place = head.template.astype(np.float64)
    lower = part.endswith("lower")
    rows: list[int] = []
    for vertex in ids[(count == 4) | (np.abs(place[ids, 2] - place[ids, 2].min()) < 1e-3)]:
        beside = polygons[(polygons == vertex).any(1)]
        near = np.unique(beside)
        column = near[np.linalg.norm((place[near] - place[vertex])[:, [0, 2]], axis=1) < 0.0045]
        heights = place[column, 1]
        if place[vertex, 1] == (heights.max() if lower else heights.min()):
            rows.append(int(vertex))
    points = place[[vertex for vertex in rows if place[vertex, 0] >= -1e-6]]
    points = points[np.argsort(-points[:, 2])]
    points[0, 0] = 0.0
    at = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    both = np.concatenate((points[:0:-1] * (-1, 1, 1), points))
    return CubicSpline(np.r_[-at[:0:-1], at], both), float(at[-1])


def _meshed(head: OpenHead, row: str, grid: np.ndarray, up: float) -> Insert:
    """grid : (R, C, 3) metres, from the right to the left."""
    lines, columns = grid.shape[:2]
    number = np.arange(lines * columns).reshape(lines, columns)
    quads = np.stack((number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]), -1)
    if up < 0:
        quads = quads[..., ::-1]
    band = np.repeat(np.arange(lines - 1), columns - 1)
    own = head.uv[head.part == head.part_names.index(f"teeth_{row}")].reshape(-1, 2)
    low, high = own.min(0), own.max(0)
    at = np.stack(np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, lines)), -1)
    flat = (low + at.reshape(-1, 2) * (high - low)).astype(np.float32)
    polygons = quads.reshape(-1, 4)
    parts = np.where(np.isin(band, _GUMS), f"gums_{row}", f"teeth_{row}")
    return Insert(f"teeth_{row}", grid.reshape(-1, 3), polygons, flat[polygons], parts)
