"""How far lids are open: a head opens its eyes as far as its photo shows, no further."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.lid_opening import LID_UNITS, SeenLids
from ofer_engine.heads.rims import lid_rims
from ofer_engine.photo.lids import Lids
from tests.engine.heads.fitted_head import (
    CAMERA,
    HEAD,
    SEEN,
    SHAPE,
    fitted,
    points_of,
    unit_weights,
)

RIMS = lid_rims(HEAD, SHAPE)
WIDTH = np.array([24.0, 24.0])
"""Pixels between an eye's corners under this camera."""
DOWN = np.array([[0.0, 1.0], [0.0, 1.0]])
BLINKS = [ARKIT_52.index(f"eyeBlink{side}") for side in ("Left", "Right")]


def _gaps(weights):
    upper, lower = CAMERA.project(RIMS.moved(weights))
    return (lower - upper)[:, 1].reshape(2, 3)


def _seen(gaps, share=1.0):
    lids = Lids(DOWN, np.maximum(gaps, 0.0), WIDTH)
    return SeenLids(lids, RIMS, np.full(2, share))


def _fitted(true, regressed, *openings):
    """Points that say little, of a face that shows `true`."""
    return fitted(points_of(true), regressed, *openings, precision=1e-3)


def test_the_rims_are_the_lids_edges():
    """In the template they lie 7 to 9 mm apart, the upper ones above the lower ones; the unit that
    shuts them takes them past each other, and each eye's alone."""
    upper, lower = RIMS.neutral
    apart = (upper - lower)[:, 1] * 1000
    assert apart.min() > 5 and apart.max() < 10
    assert (upper[:3, 0] > 0.02).all() and (upper[3:, 0] < -0.02).all()
    np.testing.assert_allclose(upper[:3], upper[3:] * (-1, 1, 1), atol=1e-4)
    shut = _gaps(unit_weights(eyeBlinkLeft=1.0))
    assert (shut[0] < 0).all() and shut[1] == pytest.approx(_gaps(np.zeros(52))[1])


@pytest.mark.parametrize("true", [{"eyeWide": 0.4}, {"eyeBlink": 0.5}, {"eyeSquint": 0.8}])
def test_lids_open_as_far_as_they_are_seen(true):
    weights, rest = unit_weights(**true), np.zeros(52)
    found = _fitted(weights, rest, _seen(_gaps(weights)))
    one, other, now = (_gaps(each).mean() for each in (rest, weights, found))
    assert abs(other - one) > 1
    assert 0.7 < (now - one) / (other - one) < 1.1
    assert ((found >= 0) & (found <= 1)).all()


def test_one_eye_may_be_shut_alone():
    wink = unit_weights(eyeBlinkLeft=0.9)
    found = _fitted(wink, np.zeros(52), _seen(_gaps(wink)))
    left, right = found[BLINKS]
    assert left > 0.5 and right < 0.1
    assert _gaps(found)[0].mean() < 0.15 * _gaps(np.zeros(52))[0].mean()


def test_shut_lids_are_not_opened_to_where_they_just_meet():
    """A photo does not show how far shut lids overlap."""
    shut = unit_weights(eyeBlink=1.0)
    assert (_gaps(shut) < 0).all()
    assert _fitted(shut, shut, _seen(_gaps(shut))) == pytest.approx(_fitted(shut, shut), abs=1e-6)


def test_a_smile_stays_though_it_narrows_the_eyes():
    """Units of lids alone answer to lids: the cheek and the mouth keep what was read."""
    smile = unit_weights(mouthSmile=0.8, cheekSquint=0.4)
    found = _fitted(smile, smile, _seen(_gaps(np.zeros(52))))
    np.testing.assert_allclose(found[~LID_UNITS], smile[~LID_UNITS], atol=0.02)
    assert _gaps(found).mean() > _gaps(smile).mean() + 0.3


def test_covered_eyes_say_nothing():
    visible = np.ones(len(SEEN))
    visible[RIMS.near[0]] = 0.0
    assert RIMS.seen(visible) == pytest.approx([0, 1])
    rest = np.zeros(52)
    closed = _seen(np.zeros((2, 3)), 0.0)
    assert _fitted(rest, rest, closed) == pytest.approx(_fitted(rest, rest), abs=1e-9)


def test_a_smaller_photo_says_as_much():
    """Deviations are shares of the face, not pixels."""
    gaps, rest = _gaps(unit_weights(eyeWide=0.3)), np.zeros(52)
    half = replace(CAMERA, focal=CAMERA.focal / 2, centre=CAMERA.centre / 2)
    large, _ = SeenLids(Lids(DOWN, gaps, WIDTH), RIMS, np.ones(2)).misses(CAMERA, rest)
    small, _ = SeenLids(Lids(DOWN, gaps / 2, WIDTH / 2), RIMS, np.ones(2)).misses(half, rest)
    assert (large > 0.5).all()
    np.testing.assert_allclose(small, large)
