"""What is known of brows is learned from portraits: their mean and how they differ."""

from __future__ import annotations

import numpy as np

from ofer_engine.research.skins.brow_prior import BROAD, learned
from ofer_engine.texture.brow_shape import NUMBERS, BrowSamples, profile

_MEAN = np.array([58.5, 0.5, 4.0, 0.0, 1.4, 0.1, 14.5, 55.0, -0.5, -0.2])
_WIDE = np.array([1.6, 0.8, 1.0, 0.4, 0.12, 0.15, 1.5, 1.5, 0.25, 0.2])


def _portrait(rng: np.random.Generator) -> list[BrowSamples]:
    shape = _MEAN + _WIDE * rng.normal(size=len(_MEAN))
    y, x = np.mgrid[40:84:1.5, 1:74:1.5].reshape(2, -1)
    dark = -np.exp(shape[NUMBERS.index("dark")]) * profile(shape, x, y)
    return [
        BrowSamples(side, x, y, dark + rng.normal(0, 0.08, len(x)), np.ones(len(x)))
        for side in (0, 1)
    ]


def test_mean_and_spread_are_learned() -> None:
    rng = np.random.default_rng(5)
    prior = learned([_portrait(rng) for _ in range(45)])
    assert (np.abs(prior.mean - _MEAN) < 0.6 * _WIDE + 0.05).all()
    found = np.sqrt(np.square(prior.root).sum(1))
    assert (found > 0.5 * _WIDE).all() and (found < 2.2 * _WIDE + 0.3 * np.diag(BROAD.root)).all()


def test_portraits_that_show_too_little_are_left_out() -> None:
    rng = np.random.default_rng(6)
    good = [_portrait(rng) for _ in range(30)]
    bare = BrowSamples(0, np.full(20, 30.0), np.full(20, 80.0), np.full(20, -2.0), np.ones(20))
    np.testing.assert_array_equal(learned([*good, [bare]]).mean, learned(good).mean)
