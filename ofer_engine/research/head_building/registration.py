"""Registers a scanned mean head to the MakeHuman sliders.

Alternates a similarity that moves the scan with a ridge fit of the sliders (point to plane, a tenth
point to point, landmarks), then lets the surface follow the scan freely but smoothly. Rigid motion
stays out of the linear fit: with it the fit diverges. Millimetres at MakeHuman's size inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ...geometry.similarity import Similarity, best_similarity
from ...geometry.surface import Closest, Surface
from ...geometry.triangles import edges_of, face_normals, vertex_normals

_ROUNDS: Final = 14
_DAMPING: Final = 0.7
_POINT_SHARE: Final = 0.1
_STIFFNESS: Final = (8.0, 4.0, 2.0, 1.0, 0.5, 0.5)
_FAR: Final = 10.0


@dataclass(frozen=True)
class ScanTarget:
    """The scan. vertices : (W, 3) mm; triangles : (T, 3) outer skin; landmarks : (468, 3) mm."""

    vertices: np.ndarray
    triangles: np.ndarray
    landmarks: np.ndarray


@dataclass(frozen=True)
class Source:
    """The slider model. average : (V, 3) mm; columns : (S, V, 3) mm; ridge : (S,); triangles :
    (T, 3) skin; weights : (V,) trust in each vertex, 0 off the outer skin; landmark_triangles :
    (468, 3) int; landmark_barycentric : (468, 3); landmark_weights : (468,)."""

    average: np.ndarray
    columns: np.ndarray
    ridge: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    landmark_triangles: np.ndarray
    landmark_barycentric: np.ndarray
    landmark_weights: np.ndarray

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """vertices : (..., V, 3) → (..., 468, 3)."""
        corners = vertices[..., self.landmark_triangles, :]
        return (corners * self.landmark_barycentric[:, :, None]).sum(-2)


@dataclass(frozen=True)
class ScanRegistration:
    """similarity : scan mm → slider frame mm; sliders : (S,); vertices : (n,) int, outer source
    vertices with a trusted partner; places : their places on Target.triangles; face_distance :
    mean mm (slider frame) from the face to the scan after the slider fit, and the free fit;
    surface : (V, 3) mm of the latter."""

    similarity: Similarity
    sliders: np.ndarray
    vertices: np.ndarray
    places: Closest
    face_distance: tuple[float, float]
    surface: np.ndarray


def nearest_on_scan(
    vertices: np.ndarray,
    source: Source,
    outer: np.ndarray,
    moved: np.ndarray,
    triangles: np.ndarray,
    reach: float,
) -> tuple[Closest, np.ndarray, np.ndarray, np.ndarray]:
    """Closest scan points of the outer vertices ((n,) int), the scan's normals there (n, 3), their
    cosine with the vertices' own (n,), and which of them face the same way within reach (n,)."""
    places = Surface(moved, triangles).closest(vertices[outer])
    towards = face_normals(moved, triangles)[places.triangle]
    own = vertex_normals(vertices, source.triangles, float)[outer]
    agree = (towards * own).sum(1)
    return places, towards, agree, (agree > 0.4) & (places.distance < reach)


def _fit_sliders(source: Source, outer, target: ScanTarget) -> tuple[Similarity, np.ndarray]:
    weights = source.landmark_weights
    sure = weights > 0.2
    similarity = best_similarity(target.landmarks, source.landmarks(source.average), weights)
    sliders = np.zeros(len(source.columns))
    columns = source.columns.transpose(1, 2, 0)
    landmark_rows = (
        columns[source.landmark_triangles] * source.landmark_barycentric[:, :, None, None]
    ).sum(1)
    landmark_rows = landmark_rows.reshape(-1, len(sliders))
    rest = source.landmarks(source.average)
    vertices = source.average
    for step in range(_ROUNDS):
        moved = similarity.apply(target.vertices)
        places, normals, _, good = nearest_on_scan(
            vertices, source, outer, moved, target.triangles, 2 * _FAR if step < 4 else _FAR
        )
        chosen, trust = outer[good], source.weights[outer[good]]
        marks = similarity.apply(target.landmarks)
        nudge = best_similarity(
            np.concatenate([marks[sure], places.point[good]]),
            np.concatenate([source.landmarks(vertices)[sure], vertices[chosen]]),
            np.concatenate([weights[sure] * 4, trust * 0.5]),
        )
        similarity, goal = nudge.after(similarity), nudge.apply(places.point[good])
        marks, normal = nudge.apply(marks), normals[good] @ nudge.rotation.T
        planes = np.einsum("vc,vcs->vs", normal, columns[chosen])
        offsets = goal - source.average[chosen]
        points = columns[chosen].reshape(-1, len(sliders))
        point_trust = np.repeat(trust, 3) * _POINT_SHARE
        mark_trust = np.repeat(weights, 3) * (3.0 if step < 5 else 1.0)
        system = planes.T @ (planes * trust[:, None]) + points.T @ (points * point_trust[:, None])
        system += landmark_rows.T @ (landmark_rows * mark_trust[:, None]) + np.diag(source.ridge)
        right = planes.T @ (trust * (offsets * normal).sum(1)) + points.T @ (
            point_trust * offsets.ravel()
        )
        right += landmark_rows.T @ (mark_trust * (marks - rest).ravel())
        sliders = sliders + _DAMPING * (np.linalg.solve(system, right) - sliders)
        vertices = source.average + np.tensordot(sliders, source.columns, 1)
    return similarity, sliders


def _follow(source: Source, outer, vertices, moved, marks, triangles) -> np.ndarray:
    """(V, 3): vertices drawn to the scan, neighbours moving alike, stiff at first."""
    count = len(vertices)
    edges = edges_of(source.triangles)
    row = np.arange(len(edges))
    difference = sparse.csr_matrix(
        (np.repeat([1.0, -1.0], len(edges)), (np.tile(row, 2), edges.T.ravel())),
        (len(edges), count),
    )
    interpolate = sparse.csr_matrix(
        (
            source.landmark_barycentric.ravel(),
            (np.repeat(np.arange(len(marks)), 3), source.landmark_triangles.ravel()),
        ),
        (len(marks), count),
    )
    pull = 0.05 * interpolate.T @ sparse.diags(source.landmark_weights)
    for stiffness in _STIFFNESS:
        places, _, _, good = nearest_on_scan(vertices, source, outer, moved, triangles, _FAR)
        trust, goal = np.zeros(count), vertices.copy()
        trust[outer[good]] = np.maximum(source.weights[outer[good]], 0.2)
        goal[outer[good]] = places.point[good]
        system = stiffness * difference.T @ difference + sparse.diags(trust + 1e-6)
        right = trust[:, None] * (goal - vertices) + pull @ (marks - source.landmarks(vertices))
        vertices = vertices + splu((system + pull @ interpolate).tocsc()).solve(np.asarray(right))
    return vertices


def register(source: Source, target: ScanTarget, face: np.ndarray) -> ScanRegistration:
    """Find the scan's similarity, its slider values and the surface correspondence.

    face : (V,) bool, where the printed distances are measured.
    """
    outer = np.flatnonzero(source.weights > 0)
    similarity, sliders = _fit_sliders(source, outer, target)
    moved, marks = similarity.apply(target.vertices), similarity.apply(target.landmarks)
    fitted = source.average + np.tensordot(sliders, source.columns, 1)
    free = _follow(source, outer, fitted, moved, marks, target.triangles)
    distances = tuple(
        float(Surface(moved, target.triangles).closest(shape[face]).distance.mean())
        for shape in (fitted, free)
    )
    vertices, places = trusted_places(free, source, outer, moved, target.triangles, 4.0)
    return ScanRegistration(
        similarity, sliders, vertices, places, (distances[0], distances[1]), free
    )


def trusted_places(
    shape: np.ndarray,
    source: Source,
    outer: np.ndarray,
    moved: np.ndarray,
    triangles: np.ndarray,
    near: float,
    facing: float = 0.5,
) -> tuple[np.ndarray, Closest]:
    """Those of the vertices `outer` that face the scan's nearest surface less than `near` mm away,
    normals' cosine above `facing`, and their places on it."""
    places, _, agree, _ = nearest_on_scan(shape, source, outer, moved, triangles, _FAR)
    good = (agree > facing) & (places.distance < near)
    return outer[good], places.of(good)
