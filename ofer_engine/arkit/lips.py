"""Keeps the lips of every unit from running into each other deeper than they rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..geometry.deformation_gradients import GradientSolver
from ..geometry.surface import closest_facing
from ..geometry.triangles import vertex_normals

_PATIENCE: Final = 1e-4
_REACH: Final = 0.006
_FACING: Final = 0.2
_ALLOWED: Final = 0.0002
"""Metres deeper than at rest that lips may press into each other."""
_ROUNDS: Final = 24
_SMOOTH: Final = 0.4
"""How strongly a push stays where it is needed, beside spreading to its neighbours."""
_PUSH: Final = 0.8


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

    def inside(self, vertices: np.ndarray) -> np.ndarray:
        """(N, 3) metres: the way out for each vertex of one lip that is inside the other, else 0.

        vertices : (N, 3) metres, those of `ids`.
        """
        out = np.zeros_like(vertices)
        normals = vertex_normals(vertices, self.triangles).astype(np.float64)
        for own, other in ((self.upper, self.lower), (self.lower, self.upper)):
            member = np.zeros(len(vertices), bool)
            member[other] = True
            surface = self.triangles[member[self.triangles].all(1)]
            if not len(own) or not len(surface):
                continue
            found = closest_facing(vertices[own], -normals[own], vertices, surface, _PATIENCE)
            towards = found.interpolate(normals)
            feet = found.interpolate(vertices)
            deep = np.einsum("nc,nc->n", feet - vertices[own], towards)
            real = (found.facing > _FACING) & (found.distance < _REACH) & (deep > 0)
            real &= (found.weights > 1e-3).all(1)  # beside the surface there is no inside
            out[own[real]] = towards[real] * deep[real, None]
        return out


def part_lips(
    neutral: np.ndarray, units: np.ndarray, lips: Lips, check: Callable[[], None]
) -> np.ndarray:
    """Units (U, V, 3) metres whose lips, at full weight, keep out of each other.

    neutral : (V, 3) metres. Both lips give way alike, and their surroundings follow. Returns a
    copy; check : called now and again, may raise to stop.
    """
    parted = units.copy()
    neutral = neutral[lips.ids]
    rest = np.linalg.norm(lips.inside(neutral), axis=1) + _ALLOWED
    both = np.concatenate((lips.upper, lips.lower))
    solver = GradientSolver(neutral, lips.triangles, np.full(len(neutral), _SMOOTH))
    still = np.zeros((len(lips.triangles), 3, 3))
    for number in range(len(units)):
        unit = parted[number, lips.ids]
        if not unit[both].any():
            continue
        check()
        for _ in range(_ROUNDS):
            way = lips.inside(neutral + unit)
            deep = np.linalg.norm(way, axis=1)
            excess = np.maximum(deep - rest, 0.0)
            if not excess.any():
                break
            push = way * (excess / np.maximum(deep, 1e-9))[:, None]
            spread = solver.solve(still, push)
            met = (push * push).sum() / max(float((push * spread).sum()), 1e-18)
            unit += spread * min(met, 4.0) * _PUSH / 2
        parted[number, lips.ids] = unit
    return parted
