"""Displacements that bend a surface as another was bent: deformation transfer as a Poisson problem.

Sumner and Popović 2004, in the form of Botsch et al. 2006: each triangle is given its displacement
gradient, and the displacements nearest to all of them are found by one sparse solve.
"""

from __future__ import annotations

from copy import copy

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from .triangles import cross

_ALL = slice(None)
_FLAT = 1e-14
"""Twice the area below which a triangle has none."""
_LEAST, _MOST = 0.05, 10.0
"""Bounds of the cotangent weights: a sliver's own are huge or below zero."""


def displacement_gradients(
    vertices: np.ndarray, triangles: np.ndarray, displacement: np.ndarray
) -> np.ndarray:
    """(T, 3, 3) float64: F - I of each triangle, its unit normal turning along with it.

    vertices : (V, 3); triangles : (T, 3) int; displacement : (V, 3); one unit of length.
    """
    gradient = np.zeros((len(triangles), 3, 3))
    moving = np.flatnonzero(displacement[triangles].any((1, 2)))
    first, second, normal, area = _frame(vertices, triangles[moving])
    bent_first, bent_second, bent, bent_area = _frame(vertices + displacement, triangles[moving])
    flat = bent_area <= _FLAT  # bent to a line, which has no normal
    bent[flat] = normal[flat]
    change = np.stack((bent_first - first, bent_second - second, bent - normal), -1)
    across = np.stack((cross(second, normal), cross(normal, first)), 1)
    inverse = np.concatenate((across / np.maximum(area, _FLAT)[:, None, None], normal[:, None]), 1)
    whole = area > _FLAT
    gradient[moving[whole]] = change[whole] @ inverse[whole]
    return gradient


def _frame(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, ...]:
    """Two edges and the unit normal of each triangle, (T, 3) each, the normal 0 without area; twice
    its area (T,)."""
    a, b, c = (vertices[triangles[:, corner]].astype(np.float64) for corner in range(3))
    normal = cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1)
    longer = np.maximum(area, _FLAT)[:, None]
    return b - a, c - a, np.where(area[:, None] > _FLAT, normal / longer, 0.0), area


class GradientSolver:
    """Finds displacements of one surface; factorised once, solved for any number of units.

    vertices : (V, 3); triangles : (T, 3) int; follow : (V,) >= 0, how strongly each vertex is held
    to its goal beside gradients of weight about 1; rows : (P, V) sparse, linear combinations of
    displacements that are all but fixed, or None.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        triangles: np.ndarray,
        follow: np.ndarray,
        rows: sparse.csr_matrix | None = None,
        firmness: float = 100.0,
    ) -> None:
        count = len(vertices)
        self._follow = np.maximum(follow, 1e-6)
        start, end = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).T
        self._vectors = (vertices[start] - vertices[end]).astype(float).reshape(-1, 3, 3)
        weight = _cotangents(vertices, triangles)
        self._divergence = sparse.csr_matrix(
            (np.r_[weight, -weight], (np.r_[start, end], np.tile(np.arange(len(weight)), 2))),
            (count, len(weight)),
        )
        own = np.arange(count)
        entries = (np.r_[start, end, start, end, own], np.r_[start, end, end, start, own])
        system = sparse.csc_matrix(
            (np.r_[weight, weight, -weight, -weight, self._follow], entries), (count, count)
        )
        self._pull = None
        self._few: tuple[sparse.csr_matrix, np.ndarray] | None = None
        if rows is not None:
            self._pull = firmness * rows.T
            system = (system + self._pull @ rows).tocsc()
        # The system is symmetric and positive definite: no pivots, and an order that fills less.
        self._factor = splu(
            system,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

    def holding(self, rows: sparse.csr_matrix, firmness: float = 100.0) -> GradientSolver:
        """The same with a few rows, for a solver that has none: what they change is of low rank
        (Woodbury's identity), so that nothing is factorised again."""
        solver = copy(self)
        answers = self._factor.solve(rows.T.toarray())
        inner = np.linalg.inv(np.eye(answers.shape[1]) / firmness + rows @ answers)
        solver._few = rows, answers @ inner
        return solver

    def solve(
        self,
        gradient: np.ndarray,
        goal: np.ndarray,
        held: np.ndarray | None = None,
        bent: np.ndarray | slice = _ALL,
    ) -> np.ndarray:
        """(V, 3) float64 displacements.

        gradient : (T, 3, 3) as from `displacement_gradients`, or those of the triangles bent alone,
        an index into T, where all others are 0; goal : (V, 3); held : (P, 3), what the rows'
        combinations shall be.
        """
        wanted = np.zeros_like(self._vectors)
        wanted[bent] = self._vectors[bent] @ gradient.swapaxes(1, 2)
        right = self._divergence @ wanted.reshape(-1, 3) + self._follow[:, None] * goal
        if self._pull is not None and held is not None:
            right = right + self._pull @ held
        found = self._factor.solve(np.asarray(right))
        if self._few is not None:
            rows, answers = self._few
            found = found + answers @ ((0.0 if held is None else held) - rows @ found)
        return found

    def turned(self, moved: np.ndarray, chosen: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """(V, 3) float64, what is to be added to displacements for some triangles to turn on, all
        others to keep their gradients and vertices their displacements as their goals.

        moved : (T, 3, 3) corners of the triangles as they are bent; chosen : (N,) int; turns :
        (N, 3, 3) rotations.
        """
        edges = moved[chosen] - moved[chosen][:, [1, 2, 0]]
        change = np.zeros_like(self._vectors)
        change[chosen] = edges @ (turns - np.eye(3)).transpose(0, 2, 1)
        return self._factor.solve(self._divergence @ change.reshape(-1, 3))

    def spread(self, goals: np.ndarray) -> np.ndarray:
        """(U, V, 3) displacements of a surface that would rather stay, each held to its goals.

        goals : (U, V, 3).
        """
        held = goals * self._follow[:, None]
        return np.stack([self._factor.solve(np.asarray(each)) for each in held])


def _cotangents(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(3T,) half the cotangent of the angle opposite to each edge 01, 12, 20, bounded."""
    weights: list[np.ndarray] = []
    for left, right, top in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        a, b, c = (vertices[triangles[:, corner]].astype(float) for corner in (left, right, top))
        one, two = a - c, b - c
        area = np.linalg.norm(cross(one, two), axis=1)
        weights.append((one * two).sum(1) / np.maximum(area, 1e-14) / 2)
    return np.clip(np.stack(weights, 1), _LEAST, _MOST).ravel()
