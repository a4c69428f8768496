"""Gradients of displacements, points on surfaces, and expressions in ARKit's words."""

import numpy as np
import pytest
from scipy import sparse

from ofer_engine.arkit.contacts import eyeball
from ofer_engine.arkit.unit_weights import unit_weights
from ofer_engine.geometry.deformation_gradients import GradientSolver, displacement_gradients
from ofer_engine.geometry.rotations import rotation_matrix
from ofer_engine.geometry.surface import closest_facing
from ofer_engine.geometry.triangles import triangulate


@pytest.fixture
def sheet() -> tuple[np.ndarray, np.ndarray]:
    """A bumpy sheet of 12 x 12 vertices, and its triangles."""
    x, y = np.meshgrid(np.arange(12.0), np.arange(12.0))
    vertices = np.stack((x, y, np.sin(x) * np.cos(y)), -1).reshape(-1, 3)
    corner = (np.arange(11)[:, None] * 12 + np.arange(11)).ravel()
    quads = np.stack((corner, corner + 1, corner + 13, corner + 12), 1)
    return vertices, triangulate(quads)


def test_a_turned_surface_has_the_gradient_of_its_turn(sheet):
    vertices, triangles = sheet
    turn = rotation_matrix(np.array([0.3, -0.2, 0.5]))
    gradient = displacement_gradients(vertices, triangles, vertices @ turn.T - vertices)
    np.testing.assert_allclose(gradient, np.broadcast_to(turn - np.eye(3), gradient.shape),
                               atol=1e-12)  # fmt: skip


def test_gradients_give_the_displacements_back(sheet):
    vertices, triangles = sheet
    displacement = np.random.default_rng(0).normal(0, 0.2, vertices.shape)
    gradient = displacement_gradients(vertices, triangles, displacement)
    follow = np.zeros(len(vertices))
    follow[0] = 1.0  # one vertex says where the sheet is
    found = GradientSolver(vertices, triangles, follow).solve(gradient, displacement)
    np.testing.assert_allclose(found, displacement, atol=1e-4)


def test_rows_held_afterwards_hold_as_those_of_the_system(sheet):
    vertices, triangles = sheet
    rng = np.random.default_rng(3)
    goal, held = rng.normal(0, 0.2, vertices.shape), rng.normal(0, 1, (4, 3))
    gradient = displacement_gradients(vertices, triangles, goal)
    rows = sparse.csr_matrix(
        rng.normal(size=(4, len(vertices))) * (rng.random(len(vertices)) < 0.05)
    )
    follow = np.full(len(vertices), 0.05)
    together = GradientSolver(vertices, triangles, follow, rows).solve(gradient, goal, held)
    free = GradientSolver(vertices, triangles, follow)
    found = free.holding(rows).solve(gradient, goal, held)
    np.testing.assert_allclose(found, together, atol=1e-10)
    assert np.abs(free.solve(gradient, goal) - together).max() > 0.01  # the rows do hold


def test_turned_triangles_turn_as_if_their_gradients_were_given(sheet):
    vertices, triangles = sheet
    bent = np.random.default_rng(5).normal(0, 0.2, vertices.shape)
    chosen = np.array([3, 40, 41])
    turns = rotation_matrix(np.random.default_rng(6).normal(0, 0.5, (3, 3)))
    solver = GradientSolver(vertices, triangles, np.full(len(vertices), 0.05))
    gradient = displacement_gradients(vertices, triangles, bent)
    gradient[chosen] = turns @ (gradient[chosen] + np.eye(3)) - np.eye(3)
    found = bent + solver.turned((vertices + bent)[triangles], chosen, turns)
    np.testing.assert_allclose(found, solver.solve(gradient, bent), atol=1e-10)
    assert np.abs(found - bent).max() > 0.01


def test_the_nearest_point_faces_the_right_way(sheet):
    vertices, triangles = sheet
    back = vertices + [0, 0, 0.2]
    both = np.concatenate((vertices, back))
    faces = np.concatenate((triangles, triangles[:, ::-1] + len(vertices)))
    rng = np.random.default_rng(1)
    points = np.stack((rng.uniform(2, 9, 40), rng.uniform(2, 9, 40), np.zeros(40)), 1)
    points[:, 2] = np.sin(points[:, 0]) * np.cos(points[:, 1]) + 0.15
    up = np.tile([0.0, 0.0, 1.0], (40, 1))
    front = closest_facing(points, up, both, faces, 50.0)
    assert (front.facing > 0).all() and (front.corners < len(vertices)).all()
    nearest = closest_facing(points, up, both, faces, 1e-9)
    assert (nearest.distance <= front.distance + 1e-12).all()
    feet = nearest.interpolate(both)
    np.testing.assert_allclose(np.linalg.norm(feet - points, axis=1), nearest.distance, atol=1e-9)


def test_a_sphere_is_found(sheet):
    rng = np.random.default_rng(2)
    ray = rng.normal(size=(80, 3))
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    ball = eyeball(ray * 0.012 + [0.03, 0.04, 0.08])
    np.testing.assert_allclose(ball.centre, [0.03, 0.04, 0.08], atol=1e-9)
    assert abs(ball.radius - 0.012) < 1e-9


def test_weights_that_made_an_expression_are_found_again():
    rng = np.random.default_rng(4)
    units = rng.normal(size=(52, 300, 3))
    units[51] = 0.0
    weights = np.clip(rng.normal(0, 0.5, (5, 52)), 0, 1)
    weights[:, 51] = 0.0
    found = unit_weights(units, np.tensordot(weights, units, 1), np.ones(300))
    np.testing.assert_allclose(found.weights, weights, atol=0.01)
    assert found.residual.max() < 0.02


def test_what_no_unit_can_do_is_left_over():
    units = np.zeros((52, 10, 3))
    units[0, :, 0] = 1.0
    away = np.zeros((1, 10, 3))
    away[0, :, 1] = 0.5
    found = unit_weights(units, away, np.ones(10))
    assert not found.weights.any()
    np.testing.assert_allclose(found.residual, 0.5)
    beyond = unit_weights(units, units[:1] * 3, np.ones(10))
    assert beyond.weights[0, 0] == 1.0
    np.testing.assert_allclose(beyond.residual, 2.0, rtol=1e-6)
