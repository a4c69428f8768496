"""Keeps the lips of every unit from running into each other deeper than they rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ..geometry.deformation_gradients import GradientSolver
from ..geometry.surface import FacingSurface
from ..geometry.triangles import vertex_normals

_PATIENCE: Final = 1e-4
_REACH: Final = 0.006
_FACING: Final = 0.2
ALLOWED: Final = 0.0002
"""Metres deeper than at rest that lips may press into each other."""
_ROUNDS: Final = 24
_SMOOTH: Final = 0.4
"""How strongly a push stays where it is needed, beside spreading to its neighbours."""
_PUSH: Final = 1.7
_SETTLED: Final = 3e-5
"""Metres beyond what is allowed that are let be."""
_LEAST_MOVE: Final = 1e-4
"""Metres of lips that move less: they press in no deeper than allowed."""
_APART: Final = 1.0
"""Metres between shapes that are looked at together, more than any of them is wide."""


@dataclass(frozen=True, eq=False)
class Lips:
    """The two lips of a topology, and the skin about them as a small mesh of its own.

    ids : (N,) vertices of the whole mesh; triangles : (T, 3) of places in ids; upper, lower :
    places in ids of each lip, from the line where they touch to its outer edge.
    """

    ids: np.ndarray
    triangles: np.ndarray
    upper: np.ndarray
    lower: np.ndarray

    @staticmethod
    def around(
        triangles: np.ndarray, mouth: np.ndarray, upper: np.ndarray, lower: np.ndarray
    ) -> Lips:
        """triangles : (T, 3) of the whole mesh; mouth, upper, lower : (V,) bool."""
        inside = triangles[mouth[triangles].all(1)]
        ids, places = np.unique(inside, return_inverse=True)
        return Lips(
            ids, places.reshape(-1, 3), np.flatnonzero(upper[ids]), np.flatnonzero(lower[ids])
        )

    @cached_property
    def border(self) -> Lips:
        """The lips with no more skin about them than turns their normals, vertices among `ids`."""
        lip = np.zeros(len(self.ids), bool)
        lip[self.upper] = lip[self.lower] = True
        triangles = self.triangles[lip[self.triangles].any(1)]
        ids, places = np.unique(triangles, return_inverse=True)
        place = np.searchsorted(ids, self.upper), np.searchsorted(ids, self.lower)
        return Lips(ids, places.reshape(-1, 3), *place)

    @cached_property
    def _sides(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Of each lip that has another: its vertices, and the triangles (T, 3) of the other."""
        sides = []
        for lip, other in ((self.upper, self.lower), (self.lower, self.upper)):
            member = np.zeros(len(self.ids), bool)
            member[other] = True
            surface = self.triangles[member[self.triangles].all(1)]
            if len(lip) and len(surface):
                sides.append((lip, surface))
        return tuple(sides)

    def inside(self, shapes: np.ndarray) -> np.ndarray:
        """(U, N, 3) metres: the way out for each vertex of one lip that is inside the other, else
        0, in each of many shapes at once.

        shapes : (U, N, 3) metres, vertices `ids`.
        """
        laid = _Laid(shapes[:, self.border.ids], self.border.triangles)
        out = np.zeros_like(laid.vertices)
        for lip, triangles in self.border._sides:
            own, surface = laid.all_of(lip), laid.surface(triangles)
            about = surface.candidates(laid.vertices[own], -laid.normals[own])
            maybe = surface.beneath(laid.vertices[own], laid.normals, about, _REACH)
            own, about = own[maybe], about[maybe]
            found = surface.closest(laid.vertices[own], -laid.normals[own], about)
            towards = found.interpolate(laid.normals)
            deep = np.einsum(
                "nc,nc->n", found.interpolate(laid.vertices) - laid.vertices[own], towards
            )
            real = (found.facing > _FACING) & (found.distance < _REACH) & (deep > 0)
            real &= (found.weights > 1e-3).all(1)  # beside the surface there is no inside
            out[own[real]] = towards[real] * deep[real, None]
        ways = np.zeros(shapes.shape)
        ways[:, self.border.ids] = out.reshape(len(shapes), -1, 3)
        return ways


class _Laid:
    """Shapes (U, N, 3) with triangles (T, 3) as one mesh, laid out beside each other."""

    def __init__(self, shapes: np.ndarray, triangles: np.ndarray) -> None:
        apart = _APART * np.arange(len(shapes))[:, None, None] * (1.0, 0.0, 0.0)
        self._first = shapes.shape[1] * np.arange(len(shapes))[:, None]
        self.vertices = (shapes + apart).reshape(-1, 3)
        self.normals = vertex_normals(self.vertices, self._faces(triangles)).astype(np.float64)

    def all_of(self, ids: np.ndarray) -> np.ndarray:
        """(U * L,) vertices (L,) of one shape in each of them."""
        return (self._first + ids).ravel()

    def surface(self, triangles: np.ndarray) -> FacingSurface:
        """Triangles (T, 3) of one shape in each of them."""
        return FacingSurface(self.vertices, self._faces(triangles), _PATIENCE)

    def _faces(self, triangles: np.ndarray) -> np.ndarray:
        return (triangles[None] + self._first[..., None]).reshape(-1, 3)


def part_lips(
    neutral: np.ndarray,
    units: np.ndarray,
    lips: Lips,
    check: Callable[[], None],
    allowed: float = ALLOWED,
) -> np.ndarray:
    """Units (U, V, 3) metres whose lips, at full weight, keep out of each other.

    neutral : (V, 3) metres; allowed : metres deeper than at rest that they may be; check : called
    now and again, may raise to stop. Both lips give way alike, and their surroundings follow.
    Returns a copy.
    """
    parted = units.copy()
    neutral = neutral[lips.ids]
    rest = np.linalg.norm(lips.inside(neutral[None])[0], axis=1) + allowed
    both = lips.ids[np.concatenate((lips.upper, lips.lower))]
    solver = GradientSolver(neutral, lips.triangles, np.full(len(neutral), _SMOOTH))
    moving = np.linalg.norm(parted[:, both], axis=2).max(1)
    touching = np.flatnonzero(moving > min(_LEAST_MOVE, np.abs(allowed) / 2))
    for _ in range(_ROUNDS):
        check()
        shapes = neutral + parted[touching[:, None], lips.ids]
        way = lips.inside(shapes)
        deep = np.linalg.norm(way, axis=2)
        excess = np.maximum(deep - rest, 0.0)
        left = excess.max(1) > _SETTLED
        touching = touching[left]
        if not len(touching):
            break
        push = (way * (excess / np.maximum(deep, 1e-9))[..., None])[left]
        spread = solver.spread(push)
        met = np.square(push).sum((1, 2)) / np.maximum((push * spread).sum((1, 2)), 1e-18)
        moved = spread * (np.minimum(met, 4.0) * _PUSH / 2)[:, None, None]
        parted[touching[:, None], lips.ids] += moved
    return parted
