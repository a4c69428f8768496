"""Metrics on shapes whose answer is known by construction."""

import numpy as np
import pytest

from ofer_engine.geometry.similarity import best_similarity
from ofer_engine.research.evaluation import metrics


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def _rotation(rng):
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return rotation * np.sign(np.linalg.det(rotation))


def test_a_moved_copy_has_no_error(rng):
    head = rng.normal(size=(50, 3))
    moved = 1.7 * head @ _rotation(rng).T + [3.0, -2.0, 9.0]
    assert metrics.surface_error(moved, head) == pytest.approx(0, abs=1e-12)


def test_a_mirrored_copy_is_not_taken_for_a_turned_one(rng):
    head = rng.normal(size=(50, 3))
    assert metrics.surface_error(head * [-1, 1, 1], head) > 0.3


def test_similarity_is_the_least_squares_one(rng):
    moving, fixed = rng.normal(size=(2, 30, 3))
    aligned = metrics.similarity(moving, fixed)
    least = np.square(aligned - fixed).sum()
    for _ in range(50):
        small = 1e-3 * rng.normal(size=(3, 3))
        nudged = aligned @ (np.eye(3) + small - small.T) * (1 + 1e-3 * rng.normal())
        nudged = nudged + 1e-3 * rng.normal(size=3)
        assert np.square(nudged - fixed).sum() >= least


def test_batches_are_rows(rng):
    moving, fixed = rng.normal(size=(2, 4, 5, 20, 3))
    together = metrics.surface_error(moving, fixed)
    assert together.shape == (4, 5)
    assert together[2, 3] == pytest.approx(metrics.surface_error(moving[2, 3], fixed[2, 3]))


def test_offset_after_alignment_is_measured_in_the_same_unit():
    square = np.array([[1.0, 1, 0], [1, -1, 0], [-1, 1, 0], [-1, -1, 0]])
    bent = square + [[0, 0, 0.1], [0, 0, -0.1], [0, 0, -0.1], [0, 0, 0.1]]
    # A saddle of ±h over a flat square of half side 1: alignment can only shrink it by 2/(2+h²).
    shrink = 2 / 2.01
    left = np.sqrt(2 * (1 - shrink) ** 2 + (0.1 * shrink) ** 2)
    assert metrics.surface_error(bent, square) == pytest.approx(left, rel=1e-6)


def test_recovery_and_removed():
    assert metrics.recovery(chosen=1.5, average=2.0, best=1.0) == 0.5
    assert metrics.removed(0.75, 1.0) == 0.25


def test_ranks_in_a_permuted_crowd(rng):
    crowd = rng.normal(size=(40, 300))
    assert not metrics.ranks_of_own(crowd, crowd).any()
    assert (metrics.ranks_of_own(-crowd, crowd) == 39).all()
    chance = metrics.ranks_of_own(rng.normal(size=(40, 300)), crowd)
    assert 0.35 < chance.mean() / 39 < 0.65


def test_a_placement_moves_other_points_along(rng):
    head = rng.normal(size=(3, 30, 3))
    placed = best_similarity(2.0 * head @ _rotation(rng) + 5.0, head)
    other = rng.normal(size=(3, 4, 3))
    assert placed.apply(other).shape == (3, 4, 3)
    apart = np.linalg.norm(other[:, 0] - other[:, 1], axis=1)
    moved = np.linalg.norm(placed.apply(other)[:, 0] - placed.apply(other)[:, 1], axis=1)
    np.testing.assert_allclose(moved, apart / 2)


def test_a_ratio_s_interval_resamples_both_sides_together(rng):
    below = rng.uniform(1, 9, 200)
    found = metrics.bootstrap_statistic(lambda r: (3 * below[r]).mean() / below[r].mean(), 200)
    assert found.low == pytest.approx(3) and found.high == pytest.approx(3)
    unknown = metrics.bootstrap_statistic(lambda _: float("nan"), 5)
    assert np.isnan(unknown.mean)


def test_bootstrap_interval_holds_the_mean_and_shrinks_with_more(rng):
    few, many = rng.normal(3, 1, 30), rng.normal(3, 1, 3000)
    narrow, wide = metrics.bootstrap(many), metrics.bootstrap(few)
    assert narrow.low < narrow.mean < narrow.high
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 / np.sqrt(3000), rel=0.15)
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
