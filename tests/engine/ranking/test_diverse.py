"""A set to choose from: the likeliest first, and then what differs."""

from __future__ import annotations

import numpy as np

from ofer_engine.ranking.diverse import most_different


def _along(places: list[float]) -> np.ndarray:
    """(N, 2, 3) heads that are as wide as told."""
    return np.array([[(-place, 0, 0), (place, 0, 0)] for place in places])


def test_the_likeliest_then_the_most_different() -> None:
    order = np.array([2, 0, 1, 3, 4])
    shapes = _along([1.1, 5.0, 1.0, 1.05, 3.0])
    assert most_different(order, shapes, 3).tolist() == [2, 1, 4]
    assert sorted(most_different(order, shapes, 5).tolist()) == [0, 1, 2, 3, 4]
    assert most_different(order, shapes, 1).tolist() == [2]


def test_of_two_that_differ_alike_the_likelier() -> None:
    order = np.array([0, 2, 1])
    assert most_different(order, _along([1.0, 3.0, 3.0]), 2).tolist() == [0, 2]


def test_where_a_head_stands_does_not_count() -> None:
    shapes = _along([1.0, 1.0, 1.5])
    shapes[1] += 9.0
    assert most_different(np.array([0, 1, 2]), shapes, 2).tolist() == [0, 2]
