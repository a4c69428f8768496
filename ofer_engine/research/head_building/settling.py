"""Lays a registered surface closely over the scan, eyelids and lips where the scan has them.

Every vertex is drawn to the scan's nearest surface that faces its way, along the normal and a tenth
as much within the surface; what the surface moves must be smooth (the umbrella operator's square,
and a little of its first power against stretching). Stiff at first, then ever softer. Millimetres
at MakeHuman's size.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ...geometry.surface import Surface
from ...geometry.triangles import edges_of
from .registration import (
    ScanRegistration,
    ScanTarget,
    Source,
    nearest_on_scan,
    trusted_places,
)

_STIFFNESS: Final = (20.0, 5.0, 2.0, 1.0, 0.5, 0.3)
_STRETCH: Final = 0.1
_WITHIN: Final = 0.1
_LANDMARKS: Final = 0.05
_REACH: Final = 10.0
_FACING: Final = 0.7
_OBLIQUE_TRUST: Final = 0.3
_NEAR: Final = 1.5
_PLACED: Final = 0.2
"""Millimetres within which a settled vertex has its place on the scan, and cosine of normals."""


def settle(
    source: Source, target: ScanTarget, fit: ScanRegistration, face: np.ndarray
) -> ScanRegistration:
    """The registration with closer places.

    fit : what `register` found; face : (V,) bool, where its distances are measured.
    """
    moved, marks = fit.similarity.apply(target.vertices), fit.similarity.apply(target.landmarks)
    start = fit.surface
    outer = np.flatnonzero(source.weights > 0)
    skin = np.unique(source.triangles)
    row = np.full(len(start), -1)
    row[skin] = np.arange(len(skin))
    stiff = smoothness(row[source.triangles], len(skin), _STRETCH)
    pull, carried = _landmark_pull(source, row, len(skin))
    shape = start
    for stiffness in _STIFFNESS:
        data, force = _attraction(shape, source, outer, row, moved, target.triangles)
        force += carried @ (marks - source.landmarks(shape))
        force -= stiffness * (stiff @ (shape - start)[skin])
        still = stiffness * stiff + pull + 1e-6 * sparse.eye(len(skin))
        system = data + sparse.kron(still, sparse.eye(3))
        shape = shape.copy()
        shape[skin] += splu(system.tocsc()).solve(force.ravel()).reshape(-1, 3)
    vertices, places = trusted_places(shape, source, outer, moved, target.triangles, _NEAR, _PLACED)
    apart = Surface(moved, target.triangles).closest(shape[face]).distance.mean()
    distances = (fit.face_distance[0], float(apart))
    return replace(fit, vertices=vertices, places=places, face_distance=distances, surface=shape)


def smoothness(triangles: np.ndarray, count: int, stretch: float) -> sparse.csr_matrix:
    """(count, count) quadratic form: squares of the umbrella operator, and `stretch` of the
    squared differences along edges."""
    edges = edges_of(triangles)
    number = np.tile(np.arange(len(edges)), 2)
    signs = np.repeat([1.0, -1.0], len(edges))
    along = sparse.csr_matrix((signs, (number, edges.T.ravel())), (len(edges), count))
    laplacian = along.T @ along
    umbrella = sparse.diags(1 / laplacian.diagonal()) @ laplacian
    return (umbrella.T @ umbrella + stretch * laplacian).tocsr()


def _landmark_pull(
    source: Source, row: np.ndarray, count: int
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    marks = np.repeat(np.arange(len(source.landmark_triangles)), 3)
    columns = row[source.landmark_triangles].ravel()
    places = sparse.csr_matrix(
        (source.landmark_barycentric.ravel(), (marks, columns)), (marks[-1] + 1, count)
    )
    carried = places.T @ sparse.diags(source.landmark_weights * _LANDMARKS)
    return (carried @ places).tocsr(), carried.tocsr()


def _attraction(
    shape: np.ndarray,
    source: Source,
    outer: np.ndarray,
    row: np.ndarray,
    moved: np.ndarray,
    triangles: np.ndarray,
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """(3n, 3n) stiffness and (n, 3) force with which the scan draws the skin's vertices."""
    places, normals, agree, good = nearest_on_scan(shape, source, outer, moved, triangles, _REACH)
    normal = normals[good]
    trust = np.where(agree[good] > _FACING, 1.0, _OBLIQUE_TRUST)[:, None, None]
    blocks = trust * (normal[:, :, None] * normal[:, None, :] + _WITHIN * np.eye(3))
    at, count = row[outer[good]], int(row.max()) + 1
    first = 3 * at[:, None, None] + np.arange(3)[None, :, None]
    second = 3 * at[:, None, None] + np.arange(3)[None, None, :]
    rows, columns = (np.broadcast_to(index, blocks.shape).ravel() for index in (first, second))
    force = np.zeros((count, 3))
    force[at] = np.einsum("nij,nj->ni", blocks, places.point[good] - shape[outer[good]])
    return sparse.csr_matrix((blocks.ravel(), (rows, columns)), (3 * count, 3 * count)), force
