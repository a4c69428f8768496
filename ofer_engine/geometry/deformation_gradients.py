"""Displacements that bend a surface as another was bent: deformation transfer as a Poisson problem.

Sumner and Popović 2004, in the form of Botsch et al. 2006: each triangle is given its displacement
gradient, and the displacements nearest to all of them are found by one sparse solve.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

_LEAST, _MOST = 0.05, 10.0
"""Bounds of the cotangent weights: a sliver's own are huge or below zero."""


def displacement_gradients(
    vertices: np.ndarray, triangles: np.ndarray, displacement: np.ndarray
) -> np.ndarray:
    """(T, 3, 3) float64: F - I of each triangle, its unit normal turning along with it.

    vertices : (V, 3); triangles : (T, 3) int; displacement : (V, 3); one unit of length.
    """
    first, second, normal = _frame(vertices, triangles)
    bent_first, bent_second, bent = _frame(vertices + displacement, triangles)
    flat = np.linalg.norm(bent, axis=1) < 0.5  # bent to a line, which has no normal
    bent[flat] = normal[flat]
    rest = np.stack((first, second, normal), -1)
    whole = np.abs(np.linalg.det(rest)) > 1e-14
    rest[~whole] = np.eye(3)
    gradient = np.stack((bent_first, bent_second, bent), -1) @ np.linalg.inv(rest) - np.eye(3)
    gradient[~whole] = 0.0
    return gradient


def _frame(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, ...]:
    """Two edges and the unit normal of each triangle, (T, 3) each; the normal 0 without area."""
    a, b, c = (vertices[triangles[:, corner]].astype(np.float64) for corner in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return b - a, c - a, np.where(length > 1e-14, normal / np.maximum(length, 1e-14), 0.0)


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
        self._edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        self._triangle = np.repeat(np.arange(len(triangles)), 3)
        self._vectors = (vertices[self._edges[:, 0]] - vertices[self._edges[:, 1]]).astype(float)
        weight = _cotangents(vertices, triangles)
        start, end = self._edges.T
        ones = np.arange(len(weight))
        difference = sparse.csr_matrix(
            (np.repeat([1.0, -1.0], len(weight)), (np.tile(ones, 2), np.r_[start, end])),
            (len(weight), count),
        )
        self._divergence = (difference.T @ sparse.diags(weight)).tocsr()
        system = self._divergence @ difference + sparse.diags(self._follow)
        self._pull = None
        if rows is not None:
            self._pull = firmness * rows.T
            system = system + self._pull @ rows
        self._factor = splu(system.tocsc())

    def solve(
        self, gradient: np.ndarray, goal: np.ndarray, held: np.ndarray | None = None
    ) -> np.ndarray:
        """(V, 3) float64 displacements.

        gradient : (T, 3, 3) as from `displacement_gradients`; goal : (V, 3); held : (P, 3), what
        the rows' combinations shall be.
        """
        wanted = np.einsum("nij,nj->ni", gradient[self._triangle], self._vectors)
        right = self._divergence @ wanted + self._follow[:, None] * goal
        if self._pull is not None and held is not None:
            right = right + self._pull @ held
        return self._factor.solve(np.asarray(right))

    def spread(self, goals: np.ndarray) -> np.ndarray:
        """(U, V, 3) displacements of a surface that would rather stay, each held to its goals.

        goals : (U, V, 3).
        """
        columns = np.moveaxis(goals * self._follow[:, None], 0, 1)
        solved = self._factor.solve(columns.reshape(len(columns), -1))
        return np.moveaxis(solved.reshape(columns.shape), 1, 0)


def _cotangents(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(3T,) half the cotangent of the angle opposite to each edge 01, 12, 20, bounded."""
    weights: list[np.ndarray] = []
    for left, right, top in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        a, b, c = (vertices[triangles[:, corner]].astype(float) for corner in (left, right, top))
        one, two = a - c, b - c
        area = np.linalg.norm(np.cross(one, two), axis=1)
        weights.append((one * two).sum(1) / np.maximum(area, 1e-14) / 2)
    return np.clip(np.stack(weights, 1), _LEAST, _MOST).ravel()
