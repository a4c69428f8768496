"""Keeps the teeth in the mouth: a wide jaw would push them through cheeks and chin, a smile out
at the corners of the lips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.spatial import KDTree

from ..geometry.triangles import triangulate
from .teeth_probes import Clearance, Outlook, Probes, probes_of, seen_from

if TYPE_CHECKING:
    from .open_head import OpenHead

_MARGIN: Final = 0.0010
"""Metres that teeth stay behind the skin and the opening."""
_REACH: Final = 0.045
"""Metres from the teeth of the mean head within which skin may be pierced."""
_ROUNDS: Final = 3
_ROWS: Final = (("teeth_upper", "gums_upper"), ("teeth_lower", "gums_lower"))


@dataclass(frozen=True, eq=False)
class Teeth:
    """The rows of teeth of the open head, and what they stay behind.

    rows : triangles (T, 3) of each row, its gum included; probes : where each is looked at; skin :
    (S, 3) triangles of the skin that is seen, lips included, the lining of the mouth left out;
    opening : (O, 3) triangles stretched from lip to lip where the lining begins, none where the
    lips have no one rim.
    """

    rows: tuple[np.ndarray, ...]
    probes: tuple[Probes, ...]
    skin: np.ndarray
    opening: np.ndarray

    @staticmethod
    def of(head: OpenHead) -> Teeth | None:
        """Those of a head; None where it has none, or does not say what lines its mouth."""
        named = [row for row in _ROWS if row[0] in head.part_names]
        if not named or "mouth_cavity" not in head.region_names:
            return None
        rows = tuple(
            triangulate(head.part_polygons(*(name for name in row if name in head.part_names)))
            for row in named
        )
        place = head.template.astype(np.float64)
        away = KDTree(place[np.unique(np.concatenate(rows))]).query(place)[0]
        seen = head.outer & (head.region("mouth_cavity") < 0.5)
        skin = triangulate(head.part_polygons("skin"))
        around, lining = (seen & (away < _REACH))[skin].all(1), ~seen[skin].all(1)
        rim = _rim(skin[around], skin[lining])
        probes = tuple(probes_of(row, place) for row in rows)
        return Teeth(rows, probes, skin[around], _stretched(rim, place))

    @cached_property
    def around(self) -> np.ndarray:
        """(N,) int: vertices of the teeth and of the skin around them."""
        return np.unique(np.concatenate((*self.rows, self.skin)))

    def pierced(self, vertices: np.ndarray) -> float:
        """Metres by which teeth stand out of skin or mouth at most. vertices : (V, 3) metres."""
        place = np.asarray(vertices, np.float64)
        return float(
            max(
                self._lack(place, probes, 0.0, self._mouth(place, probes)).max()
                for probes in self.probes
            )
        )

    def clearances(self, neutral: np.ndarray) -> tuple[Clearance, ...]:
        """How far the skin of a face (V, 3) at rest stands before the probes of each row."""
        place = np.asarray(neutral, np.float64)
        found = []
        for probes in self.probes:
            outlook = Outlook(place, self.skin, seen_from(place, probes.ids))
            seen = outlook.towards(probes.on(place))
            found.append(Clearance(place, seen.near, seen.skin - seen.far))
        return tuple(found)

    def withdrawn(
        self, vertices: np.ndarray, rest: tuple[Clearance, ...] | None = None
    ) -> np.ndarray:
        """The vertices (V, 3) with teeth that give way where they would pierce the skin or leave
        the mouth, as far as its inner side; the very same where nothing does.

        rest : the clearances of the same face at rest, which spare a look at what has not come
        near since.
        """
        moved = np.array(vertices, np.float64)
        rests = rest or (None,) * len(self.probes)
        mouths = [self._mouth(moved, probes) for probes in self.probes]
        if not any(
            (self._lack(moved, probes, _MARGIN, mouth, near) > _MARGIN).any()
            for probes, mouth, near in zip(self.probes, mouths, rests, strict=True)
        ):
            return vertices
        for probes, mouth in zip(self.probes, mouths, strict=True):
            eye = mouth.skin.eye
            for _ in range(_ROUNDS):
                lack = self._lack(moved, probes, _MARGIN, mouth)
                if not lack.any():
                    break
                far = np.flatnonzero(lack)
                back = (probes.share[:, far] * lack[far]).max(1)
                ids = probes.ids[back > 0]
                ray = moved[ids] - eye
                ray /= np.linalg.norm(ray, axis=1, keepdims=True)
                moved[ids] -= ray * back[back > 0, None]
        return moved.astype(vertices.dtype)

    def _mouth(self, place: np.ndarray, probes: Probes) -> _Mouth:
        """What the probes of a row are seen through on a head (V, 3) float64."""
        eye = seen_from(place, probes.ids)
        return _Mouth(Outlook(place, self.skin, eye), Outlook(place, self.opening, eye))

    def _lack(
        self,
        place: np.ndarray,
        probes: Probes,
        margin: float,
        mouth: _Mouth,
        rest: Clearance | None = None,
    ) -> np.ndarray:
        """(P,) metres that the probes of a row are too far from the eye; 0 where `rest` says that
        they need no look. place : (V, 3) float64."""
        lack = np.zeros(len(probes.corners))
        near: slice | np.ndarray = slice(None)
        if rest is not None:
            near = rest.near_skin(place, probes, self.skin, margin)
            if not len(near):
                return lack
        seen = mouth.skin.towards(probes.on(place, near))
        reach = np.minimum(seen.skin, mouth.opening.distances(seen.rays))
        lack[near] = np.maximum(seen.far + margin - reach, 0.0)
        return lack


@dataclass(frozen=True, eq=False)
class _Mouth:
    """Skin, and the opening between the lips, around one eye behind the teeth."""

    skin: Outlook
    opening: Outlook


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
