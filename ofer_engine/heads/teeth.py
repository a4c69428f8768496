"""Keeps the teeth in the mouth: a wide jaw would push them through cheeks and chin, a smile out
at the corners of the lips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.spatial import KDTree

from ..geometry.triangles import triangulate

if TYPE_CHECKING:
    from .open_head import OpenHead

_BEHIND: Final = 0.010
"""Metres from the middle of a row of teeth back to where it is seen from."""
_MARGIN: Final = 0.0010
"""Metres that teeth stay behind the skin and the opening."""
_REACH: Final = 0.045
"""Metres from the teeth of the mean head within which skin may be pierced."""
_CANDIDATES: Final = 24
_ROUNDS: Final = 3
_SPREAD: Final = 0.6
"""How much of a tooth's way back its neighbours take."""
_BETWEEN: Final = np.array([(0.5, 0.5, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (1 / 3,) * 3])
_WIDE: Final = 0.006
"""Metres of a triangle's longest side beyond which it is looked at between its corners, too."""
_ROWS: Final = (("teeth_upper", "gums_upper"), ("teeth_lower", "gums_lower"))


@dataclass(frozen=True, eq=False)
class Teeth:
    """The rows of teeth of the open head, and what they stay behind.

    rows : triangles (T, 3) of each row, its gum included; probes : of each row the points that are
    looked at, corners (P, 3) and weights (P, 3); skin : (S, 3) triangles of the skin that is seen,
    lips included, the lining of the mouth left out; opening : (O, 3) triangles stretched from lip
    to lip where the lining begins, none where the lips have no one rim.
    """

    rows: tuple[np.ndarray, ...]
    probes: tuple[tuple[np.ndarray, np.ndarray], ...]
    skin: np.ndarray
    opening: np.ndarray

    @staticmethod
    def of(head: OpenHead) -> Teeth | None:
        """Those of a head; None where it has none, or does not say what lines its mouth."""
        named = [[name for name in row if name in head.part_names] for row in _ROWS]
        if not any(named) or "mouth_cavity" not in head.region_names:
            return None
        rows = tuple(triangulate(head.part_polygons(*names)) for names in named if names)
        place = head.template.astype(np.float64)
        away = KDTree(place[np.unique(np.concatenate(rows))]).query(place)[0]
        seen = head.outer & (head.region("mouth_cavity") < 0.5)
        skin = triangulate(head.part_polygons("skin"))
        around, lining = (seen & (away < _REACH))[skin].all(1), ~seen[skin].all(1)
        rim = _rim(skin[around], skin[lining])
        probes = tuple(_probes(row, place) for row in rows)
        return Teeth(rows, probes, skin[around], _stretched(rim, place))

    @cached_property
    def around(self) -> np.ndarray:
        """(N,) int: vertices of the teeth and of the skin around them."""
        return np.unique(np.concatenate((*self.rows, self.skin)))

    def pierced(self, vertices: np.ndarray) -> float:
        """Metres by which teeth stand out of skin or mouth at most. vertices : (V, 3) metres."""
        most = max(
            self._lack(vertices, probes, _seen_from(vertices, row), 0.0).max()
            for row, probes in zip(self.rows, self.probes, strict=True)
        )
        return float(most)

    def withdrawn(self, vertices: np.ndarray) -> np.ndarray:
        """The vertices (V, 3) with teeth that give way where they would pierce the skin or leave
        the mouth, as far as its inner side; the very same where nothing does."""
        if not self.pierced(vertices):
            return vertices
        moved = np.array(vertices, np.float64)
        for row, probes in zip(self.rows, self.probes, strict=True):
            eye = _seen_from(moved, row)
            for _ in range(_ROUNDS):
                lack = self._lack(moved, probes, eye, _MARGIN)
                if not lack.any():
                    break
                back = _spread(lack, probes, row, len(moved))
                ids = np.flatnonzero(back)
                ray = moved[ids] - eye
                ray /= np.linalg.norm(ray, axis=1, keepdims=True)
                moved[ids] -= ray * back[ids, None]
        return moved.astype(vertices.dtype)

    def _lack(
        self,
        vertices: np.ndarray,
        probes: tuple[np.ndarray, np.ndarray],
        eye: np.ndarray,
        margin: float,
    ) -> np.ndarray:
        """(P,) metres that the probes of a row are too far from `eye`."""
        place = np.asarray(vertices, np.float64)
        corners, weights = probes
        points = np.einsum("pk,pkc->pc", weights, place[corners]) - eye
        far = np.linalg.norm(points, axis=1)
        corners = place[self.skin] - eye
        rays, middles = points / far[:, None], corners.mean(1)
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        near = KDTree(middles).query(rays, min(_CANDIDATES, len(middles)))[1]
        skin = _distances(rays, corners[near])
        opening = _distances(rays, (place[self.opening] - eye)[None])
        return np.maximum(far + margin - np.minimum(skin, opening), 0.0)


def _probes(row: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (P, 3) and weights (P, 3): each vertex of triangles (T, 3) once, and points between
    the corners of wide ones. place : (V, 3) metres."""
    ids = np.unique(row)
    sides = place[row] - np.roll(place[row], 1, axis=1)
    wide = row[np.linalg.norm(sides, axis=2).max(1) > _WIDE]
    corners = np.concatenate((np.repeat(ids[:, None], 3, 1), np.repeat(wide, len(_BETWEEN), 0)))
    weights = np.concatenate(
        (np.tile((1.0, 0.0, 0.0), (len(ids), 1)), np.tile(_BETWEEN, (len(wide), 1)))
    )
    return corners, weights


def _rim(skin: np.ndarray, lining: np.ndarray) -> list[int]:
    """Vertices, in order, of the loop along which triangles (S, 3) of the skin and (L, 3) of the
    lining touch; none where that is not one loop."""
    after = _edges(skin) & {(end, start) for start, end in _edges(lining)}
    follower = dict(after)
    if not follower:
        return []
    loop = [next(iter(follower))]
    while (following := follower.pop(loop[-1], loop[0])) != loop[0]:
        loop.append(following)
    return loop if len(loop) == len(after) else []


def _edges(triangles: np.ndarray) -> set[tuple[int, int]]:
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return {(start, end) for start, end in ends.tolist()}


def _stretched(rim: list[int], place: np.ndarray) -> np.ndarray:
    """(O, 3) triangles from the upper to the lower half of a rim, taken from corner to corner."""
    if not rim:
        return np.zeros((0, 3), int)
    x = place[rim, 0]
    rim = list(np.roll(rim, -int(x.argmax())))
    turn = int(place[rim, 0].argmin())
    one, other = rim[: turn + 1], [rim[0], *rim[: turn - 1 : -1]]
    found = []
    while len(one) > 1 or len(other) > 1:
        if len(other) == 1 or (len(one) > 1 and place[one[1], 0] >= place[other[1], 0]):
            found.append((one[0], one[1], other[0]))
            one = one[1:]
        else:
            found.append((one[0], other[1], other[0]))
            other = other[1:]
    return np.array([each for each in found if len(set(each)) == 3])


def _seen_from(vertices: np.ndarray, row: np.ndarray) -> np.ndarray:
    """(3,) behind the front teeth, so that a way from there to a tooth crosses no other skin."""
    middle = vertices[np.unique(row)].mean(0).astype(np.float64)
    return middle - np.array([0.0, 0.0, _BEHIND])


def _distances(rays: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(N,) where unit rays (N, 3) from the origin first meet one of their triangles (N, K, 3, 3),
    or of all the same (1, K, 3, 3); infinite where none (Möller and Trumbore 1997)."""
    first, second, third = np.moveaxis(triangles, 2, 0)
    one, two = second - first, third - first
    across = np.cross(rays[:, None], two)
    size = (across * one).sum(2)
    size = np.where(np.abs(size) < 1e-15, np.nan, size)
    u = -(across * first).sum(2) / size
    turned = np.cross(-first, one)
    v = (rays[:, None] * turned).sum(2) / size
    distance = (two * turned).sum(2) / size
    hit = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (distance > 0)
    return np.where(hit, distance, np.inf).min(1, initial=np.inf)


def _spread(
    lack: np.ndarray, probes: tuple[np.ndarray, np.ndarray], row: np.ndarray, count: int
) -> np.ndarray:
    """(V,) metres back of each vertex, from what its probes (P,) lack, and of its neighbours."""
    corners, weights = probes
    back = np.zeros(count)
    np.maximum.at(back, corners, np.where(weights > 0, lack[:, None], 0.0))
    for _ in range(2):
        np.maximum.at(back, row, np.repeat(_SPREAD * back[row].max(1, keepdims=True), 3, 1))
    return back
