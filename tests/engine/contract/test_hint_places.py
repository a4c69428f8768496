"""Hints as places on axes, and what they move: Bayes's rule for a normal distribution of heads."""

from __future__ import annotations

import numpy as np

from ofer_engine.contract.hint_places import GUESSED, moves, places
from ofer_engine.contract.records import Hints


def test_places_are_in_deviations_and_end():
    assert np.isnan(places(Hints())).all()
    np.testing.assert_allclose(places(Hints(60.0, 0.0, 0.25)), [1.0, 1.5, -1.0])
    np.testing.assert_allclose(places(Hints(age=100.0))[0], 2.5)


def test_hints_condition_a_gaussian_of_heads():
    rng = np.random.default_rng(5)
    shapes = rng.normal(size=(6, 4, 3))
    axes = rng.normal(size=(3, 6))
    pushes, gram = np.tensordot(axes, shapes, 1), axes @ axes.T
    values = axes @ (x := rng.normal(size=6))
    hints = Hints(age=60.0, build=1.0)
    rows, wanted = axes[[0, 2]], np.array([1.0, 2.0])
    precision = np.eye(6) + rows.T @ rows / GUESSED**2
    moved = np.linalg.solve(precision, rows.T @ (wanted - rows @ x) / GUESSED**2)
    found = moves(hints, values, pushes, gram)
    np.testing.assert_allclose(found, np.tensordot(moved, shapes, 1), atol=1e-10)


def test_nothing_told_moves_nothing():
    found = moves(Hints(), np.zeros(3), np.ones((3, 5, 3)), np.eye(3))
    assert found.shape == (5, 3) and not found.any()
