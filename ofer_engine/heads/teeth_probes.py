"""Where teeth are looked at, from behind them outwards, and how far off the skin is there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.spatial import KDTree

from ..geometry.smooth_step import smooth_step
from ..geometry.triangles import cross, vertex_normals

_BEHIND: Final = 0.010
"""Metres from the middle of a row of teeth back to where it is seen from."""
_CANDIDATES: Final = 24
_STIFF, _FREE = 0.0035, 0.0200
"""Metres from where teeth must give way within which they go along wholly, and not at all."""
_APART: Final = 0.003
"""Metres between points that are looked at."""
_OUTWARDS: Final = -0.1
"""Cosine of a surface to the way out of the mouth from which it is looked at."""
_BETWEEN: Final = np.array([(0.5, 0.5, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (1 / 3,) * 3])
_ALL: Final = slice(None)
_WIDE: Final = 0.006
"""Metres of a triangle's longest side beyond which it is looked at between its corners, too."""


@dataclass(frozen=True, eq=False)
class Probes:
    """The points of a row that are looked at: corners (P, 3) and weights (P, 3); ids : (N,) all
    vertices of the row; share : (N, P) of a point's way back that each of them takes."""

    corners: np.ndarray
    weights: np.ndarray
    ids: np.ndarray
    share: np.ndarray

    def on(self, place: np.ndarray, chosen: slice | np.ndarray = _ALL) -> np.ndarray:
        """(N, 3) the points on a head (V, 3), or some of them: chosen, an index into P."""
        return np.einsum("nk,nkc->nc", self.weights[chosen], place[self.corners[chosen]])


@dataclass(frozen=True, eq=False)
class Clearance:
    """What stands before a row of a face at rest: neutral : (V, 3) metres; near : (P, K) the
    triangles of the skin that each probe may meet; clear : (P,) metres to the first of them."""

    neutral: np.ndarray
    near: np.ndarray
    clear: np.ndarray

    def near_skin(
        self, place: np.ndarray, probes: Probes, skin: np.ndarray, margin: float
    ) -> np.ndarray:
        """(N,) int: the probes that may have come as near to the skin as `margin`, now that the
        face is `place` (V, 3)."""
        moves = place - self.neutral
        a, b, c = skin.T
        skin_moves = (moves[a] + moves[b] + moves[c]) / 3
        skin_way = np.sqrt(np.square(skin_moves).sum(1))
        own_way = np.sqrt(np.square(moves[probes.ids]).sum(1)).max()
        # First by how far each goes, then, for the few that this leaves, by how far apart they go.
        maybe = np.flatnonzero(self.clear - own_way - skin_way.max() < margin)
        maybe = maybe[self.clear[maybe] - own_way - skin_way[self.near[maybe]].max(1) < margin]
        apart = skin_moves[self.near[maybe]] - probes.on(moves, maybe)[:, None]
        closer = np.sqrt(np.einsum("pkc,pkc->pk", apart, apart).max(1, initial=0.0))
        return maybe[self.clear[maybe] - closer < margin]


@dataclass(frozen=True, eq=False)
class ProbeView:
    """Rays (P, 3) to probes at far (P,) metres; near : (P, K) triangles about them; skin : (P,)
    metres to the first that is met, infinite where none."""

    rays: np.ndarray
    far: np.ndarray
    near: np.ndarray
    skin: np.ndarray


class Outlook:
    """What stands around an eye (3,): triangles (S, 3) of the skin of a head (V, 3), metres. Teeth
    may move before it; as long as the skin does not, it is looked at once."""

    def __init__(self, place: np.ndarray, skin: np.ndarray, eye: np.ndarray) -> None:
        self.eye = eye
        self._place, self._skin = place, skin

    @cached_property
    def _corners(self) -> np.ndarray:
        return self._place[self._skin] - self.eye

    @cached_property
    def _sides(self) -> tuple[np.ndarray, np.ndarray]:
        return _planes(self._corners)

    @cached_property
    def _tree(self) -> KDTree:
        middles = self._corners.mean(1)
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        return KDTree(middles, compact_nodes=False, balanced_tree=False)

    def towards(self, points: np.ndarray) -> ProbeView:
        """What is seen through points (P, 3) metres."""
        away = points - self.eye
        far = np.linalg.norm(away, axis=1)
        rays = away / far[:, None]
        count = min(_CANDIDATES, len(self._skin))
        near = np.asarray(self._tree.query(rays, count)[1]).reshape(len(rays), -1)
        sides, volume = self._sides
        met = _lengths(np.einsum("spkc,pc->spk", sides[:, near], rays), volume[near])
        return ProbeView(rays, far, near, met.min(1, initial=np.inf))

    def distances(self, rays: np.ndarray) -> np.ndarray:
        """(N,) where unit rays (N, 3) first meet one of the triangles; infinite where none."""
        sides, volume = self._sides
        return _lengths(rays @ sides.transpose(0, 2, 1), volume).min(1, initial=np.inf)


def probes_of(row: np.ndarray, place: np.ndarray) -> Probes:
    """Those of a row of triangles (T, 3): its outer side's vertices, as many as lie apart, and
    points between the corners of wide triangles. place : (V, 3) metres."""
    ids = np.unique(row)
    outwards = place[ids] - seen_from(place, ids)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    normals = vertex_normals(place, row, float)[ids]
    sides = place[row] - np.roll(place[row], 1, axis=1)
    wide = row[np.linalg.norm(sides, axis=2).max(1) > _WIDE]
    outer = ids[(normals * outwards).sum(1) > _OUTWARDS]
    chosen = _thinned(ids if np.isin(ids, wide).all() else outer, place)
    corners = np.concatenate((np.repeat(chosen[:, None], 3, 1), np.repeat(wide, len(_BETWEEN), 0)))
    weights = np.concatenate(
        (np.tile((1.0, 0.0, 0.0), (len(chosen), 1)), np.tile(_BETWEEN, (len(wide), 1)))
    )
    points = np.einsum("pk,pkc->pc", weights, place[corners])
    away = np.linalg.norm(place[ids][:, None] - points, axis=2)
    return Probes(corners, weights, ids, smooth_step(away, _FREE, _STIFF))


def _thinned(ids: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Of vertices, the first of any that lie closer together than `_APART`."""
    pairs = KDTree(place[ids]).query_pairs(_APART, output_type="ndarray")
    dropped = np.zeros(len(ids), bool)
    for first, second in pairs[np.lexsort(pairs.T[::-1])]:
        dropped[second] |= not dropped[first]
    return ids[~dropped]


def seen_from(vertices: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(3,) behind the front teeth, so that a way from there to a tooth crosses no other skin.
    ids : (N,) int, the vertices of a row."""
    middle = vertices[ids].mean(0).astype(np.float64)
    return middle - np.array([0.0, 0.0, _BEHIND])


def _planes(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(3, T, 3) normals of the planes through the origin and a side of triangles with corners
    (T, 3, 3), and six times the volumes (T,) that they close."""
    a, b, c = corners.transpose(1, 0, 2)
    sides = np.stack((cross(b, c), cross(c, a), cross(a, b)))
    return sides, (sides.sum(0) * a).sum(1)


def _lengths(shares: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Where rays meet triangles, infinite where they do not. A ray meets a triangle where it lies
    on one side of its three planes: shares (3, …), their products with it."""
    across = shares.sum(0)
    across[np.abs(across) < 1e-15] = np.nan
    distance = volume / across
    shares /= across
    hit = (shares.min(0, initial=np.inf) >= -1e-9) & (distance > 0)
    return np.where(hit, distance, np.inf)
