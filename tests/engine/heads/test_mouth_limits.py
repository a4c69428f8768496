"""Mouth units that no mouth makes together are brought within limits; others are left alone."""

import numpy as np

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.mouth_limits import CLOSED_LIMIT, CORNER_LIMIT, limited


def _weights(**units):
    row = np.zeros((1, 52), np.float32)
    for name, value in units.items():
        row[0, ARKIT_52.index(name)] = value
    return row


def test_what_a_mouth_can_do_is_left_alone():
    fine = _weights(jawOpen=0.8, mouthSmileLeft=1.0, mouthSmileRight=0.9, mouthClose=0.2)
    np.testing.assert_array_equal(limited(fine), fine)


def test_corners_keep_their_mixture_and_lose_their_excess():
    mixed = limited(_weights(mouthSmileLeft=1.0, mouthStretchLeft=1.0, mouthSmileRight=1.0))
    half = CORNER_LIMIT / 2
    expected = _weights(mouthSmileLeft=half, mouthStretchLeft=half, mouthSmileRight=1.0)
    np.testing.assert_allclose(mixed, expected, atol=1e-6)


def test_closed_lips_keep_their_opening():
    row = limited(_weights(jawOpen=1.0, mouthClose=0.7))
    expected = _weights(jawOpen=0.3 + CLOSED_LIMIT, mouthClose=CLOSED_LIMIT)
    np.testing.assert_allclose(row, expected, atol=1e-6)


def test_nothing_is_closed_that_is_not_open():
    assert not limited(_weights(mouthClose=0.6)).any()


def test_any_draw_ends_within_the_limits():
    drawn = np.random.default_rng(0).normal(0.3, 1.0, (500, 52)).astype(np.float32)
    before = drawn.copy()
    row = limited(drawn)
    np.testing.assert_array_equal(drawn, before)
    close, jaw = (row[:, ARKIT_52.index(name)] for name in ("mouthClose", "jawOpen"))
    assert row.min() >= 0 and row.max() <= 1
    assert (close <= jaw + 1e-6).all() and close.max() <= CLOSED_LIMIT + 1e-6
    np.testing.assert_allclose(limited(row), row, atol=1e-6)
