"""Laying heads on scans whose place is known by construction."""

import numpy as np
import pytest
import trimesh

from ofer_engine.geometry.similarity import Similarity, best_similarity
from ofer_engine.geometry.surface import Surface
from ofer_engine.published.benchmarks.scan_alignment import (
    distances,
    face_region,
    refine,
)


def _nothing_moved() -> Similarity:
    return Similarity(1.0, np.eye(3), np.zeros(3))


def test_refinement_mends_a_bad_start(face_of, turn):
    face = face_of()
    true = Similarity(1.1, turn, np.array([5.0, -80.0, 300.0]))
    scan = true.apply(face.vertices)
    surface = Surface(face.vertices, face.triangles)
    noise = np.random.default_rng(1).normal(0, 3, (7, 3))
    start = best_similarity(face.landmarks + noise, true.apply(face.landmarks), scaling=True)
    assert np.median(distances(surface, start, scan)) > 0.5
    found = refine(surface, start, scan, scaling=True)
    assert distances(surface, found, scan).max() < 1e-4
    assert found.scale == pytest.approx(1.1, rel=1e-6)
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-12)


def test_refinement_is_least_squares(face_of):
    rng = np.random.default_rng(2)
    face, other = face_of(), face_of(nose=33, width=1.06)
    surface = Surface(face.vertices, face.triangles)
    found = refine(surface, _nothing_moved(), other.vertices, scaling=True)
    least = np.square(distances(surface, found, other.vertices)).sum()
    for _ in range(30):
        small = rng.normal(0, 1e-3, 3)
        nudged = Similarity(
            found.scale * float(np.exp(rng.normal(0, 1e-3))),
            (np.eye(3) + np.cross(np.eye(3), small)) @ found.rotation,
            found.translation + rng.normal(0, 0.1, 3),
        )
        assert np.square(distances(surface, nudged, other.vertices)).sum() > least


def test_a_dense_scan_is_fitted_with_all_its_points(face_of):
    face, other = face_of(), face_of(nose=33, width=1.06)
    surface = Surface(face.vertices, face.triangles)
    dense = np.concatenate([other.vertices[other.triangles].mean(axis=1) for _ in range(6)])
    dense = dense + np.random.default_rng(4).normal(0, 0.3, dense.shape)
    assert len(dense) > 3000  # more than the share that the search begins with
    found = refine(surface, _nothing_moved(), dense, scaling=True)
    again = refine(surface, found, dense, scaling=True)
    squares = [np.square(distances(surface, each, dense)).sum() for each in (found, again)]
    assert squares[0] == pytest.approx(squares[1], rel=2e-4)


def test_a_bigger_sphere_is_its_radius_away_unless_it_may_grow():
    sphere = trimesh.creation.icosphere(3, 100.0)
    surface, scan = Surface(sphere.vertices, sphere.faces), 1.05 * sphere.vertices
    start = Similarity(1.0, np.eye(3), np.array([2.0, -1.0, 3.0]))
    metrical = refine(surface, start, scan, scaling=False)
    assert metrical.scale == 1.0
    np.testing.assert_allclose(distances(surface, metrical, scan), 5, atol=0.05)
    grown = refine(surface, start, scan, scaling=True)
    assert distances(surface, grown, scan).max() < 0.05
    assert grown.scale == pytest.approx(1.05, rel=1e-3)


def test_the_face_region_is_nows_ball():
    landmarks = np.array(
        [[-45.0, 30, 0], [-15, 30, 0], [15, 30, 0], [45, 30, 0], [0, 0, 0], [-9, -9, 9], [9, 9, 9]]
    )
    centre, radius = np.array([0.0, 9.0, 0.0]), 1.4 * (90 + 30) / 2
    directions = np.random.default_rng(0).normal(size=(1000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    reach = np.repeat([0.5, 0.999, 1.001, 3.0], 250)[:, None] * radius
    inside = face_region(centre + reach * directions, landmarks)
    assert inside.mean() == 0.5
    assert inside[:500].all()
