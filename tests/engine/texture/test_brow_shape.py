"""Shapes of brows are found again, also where other dark things are in the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.texture.brow_shape import (
    NUMBERS,
    BrowSamples,
    _Search,
    across,
    along,
    fit_brows,
    profile,
)

_TRUE = {"height": 54.5, "tilt": -1.0, "arch": 5.0, "half_width": np.log(4.8), "dark": np.log(0.9)}
"""Of a person whose brows lie lower, are more arched, thicker and darker than usual."""


@pytest.fixture(scope="module")
def prior(drawn_brows):
    return drawn_brows.prior


@pytest.fixture(scope="module")
def true(prior) -> np.ndarray:
    shape = prior.mean.copy()
    for name, value in _TRUE.items():
        shape[NUMBERS.index(name)] = value
    return shape


def _shown(shape: np.ndarray, side: int, seed: int = 0, noise: float = 0.08) -> BrowSamples:
    """A brow on skin that grows darker downwards."""
    y, x = np.mgrid[40:84:1.5, 1:74:1.5].reshape(2, -1)
    dark = -np.exp(shape[NUMBERS.index("dark")]) * profile(shape, x, y) + 0.008 * (y - 60)
    dark = dark + np.random.default_rng(seed + side).normal(0, noise, len(x))
    return BrowSamples(side, x, y, dark, np.ones(len(x)))


def _apart(found: np.ndarray, true: np.ndarray) -> float:
    """Share of two brows' hair that only one of them has."""
    y, x = np.mgrid[36:86:0.5, 0:76:0.5].reshape(2, -1)
    first, second = (profile(each, x, y) > 0.4 for each in (found, true))
    return float((first ^ second).sum() / (first | second).sum())


def _covered(each: BrowSamples, where: np.ndarray, dark: float) -> BrowSamples:
    return replace(each, dark=np.where(where, dark, each.dark))


def test_a_shape_is_found_again(prior, true):
    shapes, loss = fit_brows(prior, [_shown(true, 0), _shown(true, 1)])
    for shape in shapes:
        assert _apart(shape, true) < 0.12
        assert abs(shape[NUMBERS.index("dark")] - _TRUE["dark"]) < 0.15
    assert _apart(prior.mean, true) > 0.35
    assert loss < 1


@pytest.mark.parametrize("thing", ["fringe", "rim", "socket", "half"])
def test_what_is_as_dark_does_not_draw_it_away(prior, true, thing):
    def seen(side: int) -> BrowSamples:
        each = _shown(true, side)
        if thing == "fringe":
            return _covered(each, each.y > 70 + 0.1 * each.x, -1.2)
        if thing == "rim":
            return _covered(each, np.abs(each.y - 46) < 1.5, -1.2)
        if thing == "socket":
            return _covered(each, each.y < 44, -0.7)
        return replace(each, weight=1.0 * (each.x < 36))

    shapes, _ = fit_brows(prior, [seen(0), seen(1)])
    assert max(_apart(shape, true) for shape in shapes) < 0.25


def test_a_hidden_side_is_like_the_other(prior, true):
    shapes, _ = fit_brows(prior, [_shown(true, 0)])
    assert _apart(shapes[0], true) < 0.15
    assert _apart(shapes[1], true) < 0.25


def test_sides_may_differ(prior, true):
    raised = true + 1.2 * (np.arange(len(true)) == 0)
    shapes, _ = fit_brows(prior, [_shown(raised, 0), _shown(true, 1)])
    assert 0.6 < shapes[0, 0] - shapes[1, 0] < 1.6


def test_two_photos_count_more_than_one(prior, true):
    """Of pictures so noisy that one alone says little."""
    views = [[_shown(true, side, seed, 0.8) for side in (0, 1)] for seed in (1, 11, 21)]
    one, _ = fit_brows(prior, views[0])
    three, _ = fit_brows(prior, [each for view in views for each in view])
    assert _apart(three[0], true) < _apart(one[0], true)


def test_without_a_photo_brows_are_usual(prior):
    nothing = BrowSamples(0, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
    for samples in ([], [nothing]):
        shapes, _ = fit_brows(prior, samples)
        np.testing.assert_allclose(shapes, np.stack([prior.mean] * 2), atol=1e-6)


def test_slopes_are_those_of_the_errors(prior, true):
    search = _Search(prior, [_shown(true, 0), _shown(true, 1)])
    at = np.random.default_rng(3).normal(0, 0.5, search.count)
    step = 1e-5 * np.eye(search.count)
    by_difference = np.stack(
        [(search.errors(at + each) - search.errors(at - each)) / 2e-5 for each in step], 1
    )
    found = search.slopes(at)
    np.testing.assert_allclose(found, by_difference, atol=0.02 * np.abs(by_difference).max())


def test_a_brow_runs_from_end_to_end_and_is_as_wide_as_it_says(true):
    inner, outer = true[6:8]
    np.testing.assert_allclose(along(true, np.array([inner, outer])), [-1, 1])
    x = np.full(2, 0.5 * (inner + outer))
    middle = true[0] + true[2] / 3
    half = np.exp(true[4])
    np.testing.assert_allclose(across(true, x, middle + np.array([0, half])), [0, 1], atol=1e-9)
    ends = profile(true, np.array([inner - 6, outer + 8]), np.full(2, middle))
    assert ends.max() < 0.01
