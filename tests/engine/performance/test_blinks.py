"""Lids that close and open again within half a second were shut in between; others are as read."""

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.performance.blinks import LIDS, blinks, shut
from ofer_engine.performance.steady import steady
from tests.engine.performance.conftest import made_up
from tests.engine.performance.test_steady import fitted, open_everywhere

FRAMES = 120
READ = (0.2, 0.45, 0.5, 0.35, 0.15)
"""What a reading makes of lids at 0.45, 0.95, 1, 0.7 and 0.35, over lids that rest at 0.05."""


def lids(rise, first=60, of=LIDS, rest=0.05, noise=0.0):
    """(F, 52) weights: lids at rest, and `rise` more from a frame on."""
    weights = np.zeros((FRAMES, 52))
    weights[:, LIDS] = rest
    weights[np.ix_(np.arange(first, first + len(rise)), of)] += np.array(rise)[:, None]
    shaken = weights + np.random.default_rng(3).normal(0, noise, weights.shape)
    return np.clip(shaken, 0, 1)


def found(weights, seen=None, rate=30):
    seen = np.ones(FRAMES, bool) if seen is None else seen
    return blinks(np.arange(FRAMES) / rate, weights, seen)


@pytest.mark.parametrize("first", [2, 60, 112])
def test_lids_meet_in_a_blink_that_is_read_half(first):
    weights = lids(READ, first)
    (blink,) = found(weights)
    np.testing.assert_array_equal(blink.rows, np.arange(first, first + 5))
    closed = shut(weights, [blink])
    np.testing.assert_allclose(closed[first + 2, LIDS], 1.0)
    np.testing.assert_allclose(closed[first + 1, LIDS], 0.05 + 0.95 * 0.9)
    others = np.setdiff1d(np.arange(FRAMES), blink.rows)
    np.testing.assert_array_equal(closed[others], weights[others])


@pytest.mark.parametrize(
    "weights",
    [
        lids(READ, of=LIDS[:1]),  # a wink
        lids(np.hanning(30) * 0.6),  # a second
        lids(np.array(READ) * 0.3),  # what lids do with a glance
        lids(np.full(FRAMES - 60, 0.6)),  # eyes that close
        lids((), noise=0.05),
    ],
)
def test_what_is_no_blink(weights):
    assert not found(weights)


def test_how_long_half_a_second_is_follows_the_rate():
    weights = lids(np.hanning(22)[1:-1] * 0.6)
    assert not found(weights) and len(found(weights, rate=60)) == 1


def test_frames_without_a_face_hold_none():
    seen = np.ones(FRAMES, bool)
    seen[55:70] = False
    assert not found(lids(READ), seen)


def test_shut_eyes_that_seem_covered_are_a_blink():
    """As the conditioner has them; lids were bridged over there, and no blink was left."""
    weights = lids(READ, noise=0.01)
    covered = open_everywhere()
    covered[61:64] = True
    done = steady(made_up(FRAMES), fitted(weights), covered)
    assert done.weights[62, LIDS].min() > 0.95 and done.weights[[50, 75]][:, LIDS].max() < 0.1
    assert ARKIT_52[LIDS[0]] == "eyeBlinkLeft"
