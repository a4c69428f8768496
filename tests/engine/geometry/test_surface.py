"""Distances from surfaces whose answer is known by construction."""

import numpy as np
import pytest
import trimesh

from ofer_engine.geometry.surface import Surface, closest_on_triangles, closest_vertices


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_every_place_of_one_triangle():
    corners = np.array([[0.0, 0, 0], [4, 0, 0], [0, 4, 0]])
    cases = {
        (1, 1, 5): (1, 1, 0),  # inside
        (-1, -1, 2): (0, 0, 0),  # beyond a corner
        (2, -3, 0): (2, 0, 0),  # beyond a side
        (4, 4, 1): (2, 2, 0),  # beyond the long side
        (9, -1, 0): (4, 0, 0),
    }
    points = np.array(list(cases), float)
    found = closest_on_triangles(points, np.broadcast_to(corners, (len(points), 3, 3)))
    np.testing.assert_allclose(found, np.array(list(cases.values())), atol=1e-12)


def test_a_plane_of_two_triangles_has_no_vertices_nearby():
    square = np.array([[-50.0, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]])
    surface = Surface(square, np.array([[0, 1, 2], [0, 2, 3]]))
    above = np.array([[3.0, 7, 2], [-20, 11, -4], [50, 50, 1], [53, 0, 4]])
    np.testing.assert_allclose(surface.closest(above).distance, [2, 4, 1, 5], atol=1e-12)


def test_offset_sphere_along_its_vertices():
    sphere = trimesh.creation.icosphere(3, 100.0)
    surface = Surface(sphere.vertices, sphere.faces)
    outside = surface.closest(1.03 * sphere.vertices)
    np.testing.assert_allclose(outside.distance, 3, atol=1e-9)
    np.testing.assert_allclose(outside.point, sphere.vertices, atol=1e-9)


def test_equals_comparing_all_triangles_of_every_size(rng):
    corners = rng.normal(size=(400, 1, 3)) * 30
    corners = corners + rng.normal(size=(400, 3, 3)) * np.exp(rng.normal(0, 2, (400, 1, 1)))
    corners[7] = corners[7, 0]  # a triangle that is a point
    corners[8, 2] = (corners[8, 0] + corners[8, 1]) / 2  # and one that is a line
    vertices, triangles = corners.reshape(-1, 3), np.arange(1200).reshape(-1, 3)
    points = rng.normal(size=(300, 3)) * 40
    found = Surface(vertices, triangles).closest(points)
    every = closest_on_triangles(np.repeat(points, 400, axis=0), np.tile(corners, (300, 1, 1)))
    distances = np.linalg.norm(every.reshape(300, 400, 3) - points[:, None], axis=2)
    np.testing.assert_allclose(found.distance, distances.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found.triangle, distances.argmin(axis=1))


def test_agrees_with_trimesh(rng):
    mesh = trimesh.creation.torus(30, 10)
    points = rng.normal(size=(200, 3)) * 25
    _, distance, _ = trimesh.proximity.closest_point_naive(mesh, points)
    found = Surface(mesh.vertices, mesh.faces).closest(points)
    np.testing.assert_allclose(found.distance, distance, atol=1e-9)


def test_a_guess_changes_nothing(rng):
    sphere = trimesh.creation.icosphere(2, 10.0)
    surface = Surface(sphere.vertices, sphere.faces)
    points = rng.normal(size=(100, 3)) * 8
    guess = rng.integers(0, len(sphere.faces), 100)
    np.testing.assert_allclose(
        surface.closest(points, guess).distance, surface.closest(points).distance, rtol=1e-12
    )


def test_the_closest_vertices_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    points, candidates = rng.normal(size=(40, 3)), rng.normal(size=(70, 3))
    away = np.linalg.norm(points[:, None] - candidates, axis=2)
    np.testing.assert_array_equal(closest_vertices(points, candidates), away.argmin(axis=1))
