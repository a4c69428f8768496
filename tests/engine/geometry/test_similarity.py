"""Similarities found from corresponding points."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ofer_engine.geometry.similarity import Similarity, best_similarity

_TURN = Rotation.from_rotvec([0.4, -0.7, 0.2]).as_matrix()


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(3).normal(0, 40, (7, 3))


def test_points_give_back_the_motion(points: np.ndarray) -> None:
    true = Similarity(1.3, _TURN, np.array([5.0, -80.0, 300.0]))
    found = best_similarity(points, true.apply(points))
    assert found.scale == pytest.approx(1.3, rel=1e-12)
    np.testing.assert_allclose(found.rotation, _TURN, atol=1e-12)
    np.testing.assert_allclose(found.translation, true.translation, atol=1e-9)
    np.testing.assert_allclose(found.undo(found.apply(points)), points, atol=1e-9)


def test_mirrored_points_are_not_mirrored_back_unasked(points: np.ndarray) -> None:
    found = best_similarity(points, points * [-1, 1, 1])
    assert np.linalg.det(found.rotation) == pytest.approx(1)


def test_the_size_stays_without_scaling(points: np.ndarray) -> None:
    assert best_similarity(points, 1.3 * points @ _TURN.T, scaling=False).scale == 1.0
