"""How far lips are apart: a head opens its mouth at least as far as its photo does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.heads.lip_opening import LipOpening, SeenLips, wider
from ofer_engine.heads.rims import lip_rims
from tests.engine.heads.fitted_head import (
    CAMERA,
    HEAD,
    SEEN,
    SHAPE,
    UNITS,
    fitted,
    points_of,
    unit_weights,
)

RIMS = lip_rims(HEAD, SHAPE)
UPPER_LIP, LOWER_LIP = 13, 14


def _landmarks(weights):
    return CAMERA.project(HEAD.landmarks(SHAPE + np.tensordot(weights, UNITS, 1)))


def _gap(weights):
    return np.linalg.norm(LipOpening.of(_landmarks(weights)).apart, axis=1).mean()


def _fit(true, regressed, visible):
    """Points that say little, lips as the true weights part them."""
    return _fitted(points_of(true), regressed, _seen(true, float(RIMS.seen(visible)[0])))


def _seen(weights, share):
    return SeenLips(LipOpening.of(_landmarks(weights)), RIMS, share)


def _fitted(points, regressed, *openings):
    return fitted(points, regressed, *openings, precision=0.01)


def test_the_rims_are_those_of_the_detectors_landmarks():
    weights = unit_weights(jawOpen=0.4, mouthUpperUp=0.3)
    upper, lower = CAMERA.project(RIMS.moved(weights))
    landmarks = _landmarks(weights)
    assert upper[0] == pytest.approx(landmarks[UPPER_LIP])
    assert lower[0] == pytest.approx(landmarks[LOWER_LIP])
    assert LipOpening.of(landmarks).apart == pytest.approx(upper - lower)


@pytest.mark.parametrize(
    "true", [{"jawOpen": 0.5}, {"mouthUpperUp": 0.7, "mouthSmile": 0.6}, {"mouthFunnel": 0.6}]
)
def test_a_mouth_that_was_read_as_shut_opens_as_far_as_the_photos(true):
    weights, visible = unit_weights(**true), np.ones(len(SEEN))
    shut = np.zeros(52)
    found = _fit(weights, shut, visible)
    rest, open_, now = (_gap(each) for each in (shut, weights, found))
    assert open_ > 1.5 * rest
    assert 0.75 < (now - rest) / (open_ - rest) < 1.1
    assert ((found >= 0) & (found <= 1)).all()


def test_a_mouth_that_was_read_as_open_stays_open():
    regressed = unit_weights(jawOpen=0.3)
    points = points_of(regressed)
    assert _fitted(points, regressed, _seen(np.zeros(52), 1.0)) == pytest.approx(
        regressed, abs=1e-3
    )


def test_a_covered_mouth_says_nothing():
    visible = np.ones(len(SEEN))
    visible[RIMS.near] = 0.0
    shut = np.zeros(52)
    points = points_of(shut)
    lips = _seen(unit_weights(jawOpen=0.5), float(RIMS.seen(visible)[0]))
    assert _fitted(points, shut, lips) == pytest.approx(shut, abs=1e-3)
    assert np.abs(_fitted(points, shut, replace(lips, seen=1.0))).max() > 0.05
    further = points_of(unit_weights(jawOpen=0.7))
    regressed = unit_weights(jawOpen=0.4)
    assert (_fitted(further, regressed, lips) == _fitted(further, regressed)).all()


def test_half_of_the_mouth_must_be_seen():
    shares = [float(RIMS.seen(np.full(len(SEEN), share))[0]) for share in (0, 0.5, 0.75, 1)]
    assert shares == pytest.approx([0, 0, 0.5, 1])


def test_rims_are_compared_by_their_mean_distance():
    near, far = np.array([[0.0, -3.0], [0.0, -3.0]]), np.array([[0.0, -2.0], [0.0, -5.0]])
    assert wider(far, near) and not wider(near, far)
    assert (wider(np.stack([near, far]), np.stack([far, near])) == [False, True]).all()


def test_a_smaller_photo_says_as_much():
    """Deviations are shares of the face, not pixels."""
    large = _landmarks(unit_weights(jawOpen=0.4))
    half = LipOpening.of(large / 2)
    assert half.apart * 2 == pytest.approx(LipOpening.of(large).apart)
    assert half.deviation * 2 == pytest.approx(LipOpening.of(large).deviation)
