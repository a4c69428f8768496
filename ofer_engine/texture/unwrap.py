"""Our own UVs: the head spread out around the face, what folds over it in small charts below.

The main chart is an azimuthal map (like a polar map of the globe, with the face at the pole), its
disc drawn out to a square: no seam crosses the face or the crown, and the face gets over half of
the picture. Behind the ears it is squeezed, where nothing but plain skin is to be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .overlap import overlapping

_FACE = np.radians([55.0, 10.0, -6.0])
"""Angle from the face's axis at which the face ends: mean, cos of twice the azimuth, its sine."""
_KNOTS, _RADII = (0.0, 1.0, 1.25, 2.0), (0.0, 0.86, 0.93, 1.0)
"""Radius in the disc of a place: 0 the face's axis, 1 the face's end, 2 the back of the head."""
_STRIP = 0.10
"""Height of the picture that is kept for the small charts."""
_MARGIN = 0.006
_ALIKE = 0.35
"""Cosine between a polygon's normal and its chart's, at least."""
_LARGEST_ANGLE = np.pi * 0.985
_LONGEST = 0.15
"""Edge of a polygon in the main chart, of its width."""


@dataclass(frozen=True, eq=False)
class Polygons:
    """places : (V, 3) metres; corners : (F, 4) int, the last two alike in a triangle."""

    places: np.ndarray
    corners: np.ndarray

    @property
    def normals(self) -> np.ndarray:
        """(F, 3), as long as the polygon is large."""
        a, b, c, d = np.moveaxis(self.places[self.corners], 1, 0)
        return np.cross(c - a, d - b)

    def rows(self, rows: np.ndarray) -> Polygons:
        """Some of them."""
        return Polygons(self.places, self.corners[rows])


def unwrap(template: np.ndarray, polygons: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """UVs (F, 4, 2) float32 without overlaps, all in 0..1.

    template : (V, 3) metres, engine frame; polygons : (F, 4), counter-clockwise from outside, -1
    last in a triangle; middle : (3,) inside the head.
    """
    corners = np.where(polygons < 0, polygons[:, [2] * 4], polygons)
    # A triangle's fourth corner repeats its third, so its second half has no area.
    surface = Polygons(template, corners)
    main, inside = _azimuthal(surface, middle)
    side = 1 - _STRIP
    uv = np.zeros((len(polygons), 4, 2))
    uv[inside] = (main[inside] - 0.5) * side + (0.5, 1 - side / 2)
    left = np.flatnonzero(~inside)
    flat = [(left[rows], _planar(surface.rows(left[rows]))) for rows in _charts(surface.rows(left))]
    for rows, placed in _packed(flat):
        uv[rows] = placed
    return uv.astype(np.float32)


def _azimuthal(surface: Polygons, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (F, 4, 2) in the unit square, and (F,) bool which polygons may stay there."""
    ray = surface.places - middle
    distance = np.linalg.norm(ray, axis=1)
    angle = np.arccos(np.clip(ray[:, 2] / distance, -1, 1))
    flat = (0.5 + 0.5 * _squared(_disc(angle, ray[:, :2])))[surface.corners]
    reach = np.linalg.norm(flat - np.roll(flat, 1, 1), axis=2).max(1)
    near = angle[surface.corners].max(1) < _LARGEST_ANGLE
    good = _upright(flat) & near & (reach < _LONGEST)
    rows = np.flatnonzero(good)
    good[rows[_folded(flat[rows], distance[surface.corners[rows]].mean(1), 1024)]] = False
    seed = int(np.where(good, angle[surface.corners].mean(1), 9).argmin())
    return flat, _piece(surface, good, seed)


def _disc(angle: np.ndarray, across: np.ndarray) -> np.ndarray:
    """(V, 2) in the unit disc, of angles (V,) from the face's axis and directions (V, 2)."""
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    x, y = across.T
    end = _FACE[0] + _FACE[1] * (x * x - y * y) + _FACE[2] * y
    place = np.where(angle < end, angle / end, 1 + (angle - end) / (np.pi - end))
    return np.interp(place, _KNOTS, _RADII)[:, None] * across


def _squared(disc: np.ndarray) -> np.ndarray:
    """The unit disc (V, 2) drawn out to the square -1..1: the elliptical grid mapping (Nowell;
    Fong, Analytical methods for squaring the disc, 2014)."""
    u, v = disc.T
    twice = 2 * np.sqrt(2)

    def side(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        most = 2 + a * a - b * b
        return (np.sqrt(np.maximum(most + twice * a, 0)) -
                np.sqrt(np.maximum(most - twice * a, 0))) / 2  # fmt: skip

    return np.stack([side(u, v), side(v, u)], 1)


def _upright(flat: np.ndarray) -> np.ndarray:
    """(F,) bool: both halves of each polygon (F, 4, 2) run counter-clockwise."""
    first, last = _area(flat[:, [0, 1, 2]]), _area(flat[:, [0, 2, 3]])
    triangle = (flat[:, 2] == flat[:, 3]).all(1)
    return (first > 1e-9) & ((last > 1e-9) | triangle)


def _area(corners: np.ndarray) -> np.ndarray:
    """(N,) twice the signed area of (N, 3, 2)."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def _folded(flat: np.ndarray, height: np.ndarray, side: int) -> np.ndarray:
    """(F,) bool: `overlapping` of polygons (F, 4, 2)."""
    halves = np.concatenate([flat[:, [0, 1, 2]], flat[:, [0, 2, 3]]])
    return overlapping(halves, np.tile(np.arange(len(flat)), 2), height, side)


def _piece(surface: Polygons, good: np.ndarray, seed: int) -> np.ndarray:
    """(F,) bool: the good polygons that hang together with the one called `seed`."""
    beside = _neighbours(surface)
    reached = np.zeros(len(good), bool)
    front = [seed]
    reached[seed] = True
    while front:
        for other in beside[front.pop()]:
            if good[other] and not reached[other]:
                reached[other] = True
                front.append(other)
    return reached


def _charts(surface: Polygons) -> list[np.ndarray]:
    """Rows of the polygons in charts that are nearly flat and do not fold over themselves."""
    normal = surface.normals
    size = np.linalg.norm(normal, axis=1)
    unit = normal / np.maximum(size, 1e-18)[:, None]
    beside = _neighbours(surface)
    free = np.ones(len(normal), bool)
    charts = []
    for seed in np.argsort(-size, kind="stable").tolist():
        if not free[seed]:
            continue
        rows = np.array(_grown(seed, unit, normal, beside, free))
        flat = _planar(surface.rows(rows))
        fitted = flat / max(float(flat.max()), 1e-9) * 0.9 + 0.05
        side = int(np.clip(24 * np.sqrt(len(rows)), 48, 512))
        folded = ~_upright(fitted)
        folded |= _folded(fitted, np.arange(len(rows), 0, -1), side)
        folded[0] = False
        free[rows[folded]] = True
        charts.append(rows[~folded])
    return charts


def _grown(
    seed: int, unit: np.ndarray, normal: np.ndarray, beside: list[list[int]], free: np.ndarray
) -> list[int]:
    """A chart around a polygon, nearest first; its polygons are no longer free."""
    rows, mean = [seed], normal[seed].copy()
    free[seed] = False
    for row in rows:
        for other in beside[row]:
            if free[other] and unit[other] @ mean > _ALIKE * np.linalg.norm(mean):
                free[other] = False
                rows.append(other)
                mean += normal[other]
    return rows


def _neighbours(surface: Polygons) -> list[list[int]]:
    """Polygons that share an edge with each."""
    corners = surface.corners
    ends = np.stack([corners, np.roll(corners, -1, 1)], 2).reshape(-1, 2)
    rows = np.repeat(np.arange(len(corners)), 4)
    real = ends[:, 0] != ends[:, 1]
    by_edge: dict[tuple[int, int], list[int]] = {}
    for (low, high), row in zip(np.sort(ends[real], 1).tolist(), rows[real].tolist(), strict=True):
        by_edge.setdefault((low, high), []).append(row)
    beside: list[list[int]] = [[] for _ in corners]
    for owners in by_edge.values():
        for owner in owners:
            beside[owner] += [other for other in owners if other != owner]
    return beside


def _planar(surface: Polygons) -> np.ndarray:
    """A chart seen along its mean normal, (F, 4, 2) metres, its longer side level."""
    mean = surface.normals.sum(0)
    mean = mean / max(float(np.linalg.norm(mean)), 1e-18)
    first = np.cross(mean, (0, 0, 1) if abs(mean[2]) < 0.9 else (0, 1, 0))
    first /= np.linalg.norm(first)
    flat = surface.places[surface.corners] @ np.stack([first, np.cross(mean, first)], 1)
    if np.ptp(flat[..., 1]) > np.ptp(flat[..., 0]):
        flat = np.stack([flat[..., 1], -flat[..., 0]], -1)
    return flat - flat.reshape(-1, 2).min(0)


Charts = Sequence[tuple[np.ndarray, np.ndarray]]
"""Rows of the polygons and their corners (F, 4, 2)."""


def _packed(charts: Charts) -> Charts:
    """Charts in rows, the highest first, as large as the strip at the bottom allows."""
    charts = sorted(charts, key=lambda chart: -chart[1][..., 1].max())
    low, high = 0.0, 20.0
    for _ in range(20):
        scale = (low + high) / 2
        low, high = (scale, high) if _shelved(charts, scale) else (low, scale)
    return _shelved(charts, low)


def _shelved(charts: Charts, scale: float) -> Charts:
    """Empty where the charts do not fit at this scale."""
    left, base, shelf = _MARGIN, _MARGIN, 0.0
    placed = []
    for rows, flat in charts:
        wide, high = flat.reshape(-1, 2).max(0) * scale
        if left + wide > 1 - _MARGIN:
            left, base, shelf = _MARGIN, base + shelf + _MARGIN, 0.0
        if left + wide > 1 - _MARGIN or base + high > _STRIP - _MARGIN:
            return []
        placed.append((rows, flat * scale + (left, base)))
        left, shelf = left + wide + _MARGIN, max(shelf, high)
    return placed
