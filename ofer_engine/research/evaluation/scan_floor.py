"""The nearest head that a basis can make to a scan, with coefficients that people have."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...geometry.similarity import Similarity
from ...geometry.surface import Surface
from ...geometry.triangles import triangulate
from ...heads.open_head import OpenHead
from ...published.benchmarks.predictions import SEEN_PARTS
from ...published.benchmarks.scan_alignment import refine
from ...published.benchmarks.scoring import FaceScan

_ROUNDS: Final = 12
_PLAUSIBLE: Final = 1.0
"""Root mean square of coefficients, in deviations: what random people have."""
_SLIDING: Final = 0.1
"""Weight of the way along the surface beside that across it."""


def nearest_identity(head: OpenHead, face: FaceScan, placed: Similarity) -> np.ndarray:
    """(K,) float32 coefficients of root mean square at most 1 with the least squared distances of
    the scan's points from the head.

    placed : where the mean head lies. Iterated closest points: distances across the surface count,
    those along it hardly (Chen and Medioni 1992).
    """
    seen = np.isin(head.part, [head.part_names.index(part) for part in SEEN_PARTS])
    triangles = triangulate(head.polygons[seen])
    identity = np.zeros(len(head.identity))
    for _ in range(_ROUNDS):
        vertices = head.vertices(identity) * 1000.0
        surface = Surface(vertices, triangles)
        placed = refine(surface, placed, face.points, scaling=True)
        targets = placed.undo(face.points)
        closest = surface.closest(targets)
        corners = triangles[closest.triangle]
        weights = closest.weights
        basis = np.einsum("kncd,nc->knd", head.identity[:, corners] * 1000.0, weights)
        wanted = targets - closest.point + np.tensordot(identity, basis, 1)
        across = surface.normals[closest.triangle]
        rows = [np.einsum("knd,nd->nk", basis, across)]
        right = [np.einsum("nd,nd->n", wanted, across)]
        for axis in range(3):
            rows.append(np.sqrt(_SLIDING) * basis[:, :, axis].T)
            right.append(np.sqrt(_SLIDING) * wanted[:, axis])
        identity = _plausible(np.concatenate(rows), np.concatenate(right))
    return identity.astype(np.float32)


def _plausible(rows: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Least squares of rows (M, K) @ x = right (M,) with x no longer than people are."""
    values, vectors = np.linalg.eigh(rows.T @ rows)
    along = vectors.T @ (rows.T @ right)
    least = 1e-9 * values.max()

    def solved(ridge: float) -> np.ndarray:
        return vectors @ (along / (np.maximum(values, 0) + ridge))

    low, high = np.log(least), np.log(values.max()) + 10
    if np.square(solved(least)).mean() <= _PLAUSIBLE**2:
        return solved(least)
    for _ in range(60):
        middle = (low + high) / 2
        longer = np.square(solved(np.exp(middle))).mean() > _PLAUSIBLE**2
        low, high = (middle, high) if longer else (low, middle)
    return solved(np.exp(high))
