"""The smoother against what it is: the least squares of all frames together."""

import numpy as np
import pytest

from ofer_engine.performance.smooth import constant_velocity, random_walk

SECONDS = np.cumsum(np.r_[0.0, np.random.default_rng(3).uniform(0.02, 0.05, 39)])


def noisy(rng, signals=2):
    measured = rng.standard_normal((len(SECONDS), signals)).cumsum(axis=0)
    deviation = rng.uniform(0.2, 2.0, measured.shape)
    deviation[10:16] = np.inf
    return measured, deviation


def test_a_random_walk_is_the_least_squares_of_steps_and_measurements():
    measured, deviation = noisy(np.random.default_rng(1))
    pace = np.array([1.5, 4.0])
    found = random_walk(SECONDS, measured, deviation, pace)
    for signal in range(2):
        weight = 1 / np.square(deviation[:, signal])
        steps = np.diff(np.eye(len(SECONDS)), axis=0)
        system = np.diag(weight) + steps.T @ (
            steps / (np.square(pace[signal]) * np.diff(SECONDS))[:, None]
        )
        wanted = np.linalg.solve(system, weight * measured[:, signal])
        np.testing.assert_allclose(found.values[:, signal], wanted, atol=1e-5)
        spread = np.sqrt(np.diag(np.linalg.inv(system)))
        np.testing.assert_allclose(found.deviation[:, signal], spread, atol=1e-5)


def test_a_velocity_carries_over_a_gap_and_a_line_stays_a_line():
    line = (2.0 * SECONDS - 1.0)[:, None]
    deviation = np.full(line.shape, 0.1)
    deviation[12:25] = np.inf
    found = constant_velocity(SECONDS, np.where(np.isfinite(deviation), line, 99.0), deviation,
                              np.array([3.0]))  # fmt: skip
    np.testing.assert_allclose(found.values, line, atol=1e-4)
    assert found.deviation[18, 0] > 2 * found.deviation[5, 0]


@pytest.mark.parametrize("smoother", [random_walk, constant_velocity])
def test_time_backwards_gives_the_same_backwards(smoother):
    measured, deviation = noisy(np.random.default_rng(2), 1)
    there = smoother(SECONDS, measured, deviation, np.array([2.0]))
    back = smoother(SECONDS[-1] - SECONDS[::-1], measured[::-1], deviation[::-1], np.array([2.0]))
    np.testing.assert_allclose(there.values, back.values[::-1], atol=1e-4)
