"""Telling people apart, against counting pair by pair."""

import numpy as np
import pytest

from ofer_engine.research.evaluation.verification import difference, separation, unlike


def _people(noise, people=24, numbers=6, seed=0):
    """(N, N) unlikeness of people whose two readings differ by `noise`."""
    rng = np.random.default_rng(seed)
    true = rng.standard_normal((people, numbers))
    return unlike(*(true + noise * rng.standard_normal((2, *true.shape))))


def test_readings_without_error_tell_everybody_apart():
    found = separation(_people(0.0))
    for figure in (found.auc, found.first):
        assert (figure.mean, figure.low, figure.high) == (1.0, 1.0, 1.0)
    assert found.accuracy.mean > 0.97  # the threshold was learnt on other people


def test_readings_of_noise_alone_tell_nobody_apart():
    found = separation(_people(1e6, people=200))
    assert found.auc.low < 0.5 < found.auc.high
    assert abs(found.accuracy.mean - 0.5) < 0.06
    assert found.first.mean < 0.04


def test_auc_and_first_are_what_counting_every_pair_gives():
    unlikeness = _people(0.9)
    people = range(len(unlikeness))
    wins = [
        float(unlikeness[i, i] < unlikeness[j, k]) for i in people for j in people for k in people
        if j != k
    ]  # fmt: skip
    first = np.mean([unlikeness[i].argmin() == i for i in people])
    found = separation(unlikeness)
    assert found.auc.mean == pytest.approx(np.mean(wins), abs=1e-12)
    assert found.first.mean == first
    assert found.auc.low < found.auc.mean < found.auc.high


def test_what_everybody_is_read_to_have_in_common_tells_nobody_apart():
    rng = np.random.default_rng(3)
    first, second = rng.standard_normal((2, 20, 5))
    offset = 50 * rng.standard_normal(5)
    assert np.allclose(unlike(first + offset, second + offset), unlike(first, second))


def test_a_person_drawn_twice_is_no_pair_of_two_people():
    # Two people alone, well apart: drawing one of them twice must not count as a confusion.
    found = separation(np.array([[0.1, 1.5], [1.5, 0.1]]))
    assert found.auc.low == found.auc.high == 1.0


def test_a_pack_gains_nothing_over_itself_and_something_over_a_worse_one():
    good, bad = _people(0.5, 60), _people(2.0, 60)
    none = difference(good, good)
    assert (none.auc.mean, none.auc.low, none.auc.high) == (0.0, 0.0, 0.0)
    gained = difference(good, bad)
    assert 0 < gained.auc.low < gained.auc.mean
    assert gained.auc.mean == pytest.approx(separation(good).auc.mean - separation(bad).auc.mean)
