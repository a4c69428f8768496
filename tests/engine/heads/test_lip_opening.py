"""How far lips are apart: a head opens its mouth at least as far as its photo does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.expression_fit import fitted_expression
from ofer_engine.heads.lip_opening import LipOpening, SeenLips, wider
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.heads.rims import lip_rims

HEAD = OpenHead.load(Path(__file__).parents[3] / "weights" / "open" / "head.npz")
SHAPE = HEAD.template.astype(float)
UNITS = HEAD.expression.astype(float)
SEEN = HEAD.point_vertices
RIMS = lip_rims(HEAD, SHAPE)
CAMERA = Camera(900.0, np.array([256.0, 256.0]), np.eye(3), np.array([0, 0, -1.0]), 512, 512)
UPPER_LIP, LOWER_LIP = 13, 14


def _weights(**given):
    weights = np.zeros(52)
    for stem, value in given.items():
        for number, name in enumerate(ARKIT_52):
            weights[number] = value if name.startswith(stem) else weights[number]
    return weights


def _landmarks(weights):
    return CAMERA.project(HEAD.landmarks(SHAPE + np.tensordot(weights, UNITS, 1)))


def _gap(weights):
    return np.linalg.norm(LipOpening.of(_landmarks(weights)).apart, axis=1).mean()


def _fit(true, regressed, visible):
    """Points that say little, lips as the true weights part them."""
    points = CAMERA.project((SHAPE + np.tensordot(true, UNITS, 1))[SEEN])
    return _fitted(points, regressed, _seen(true, float(RIMS.seen(visible)[0])))


def _seen(weights, share):
    return SeenLips(LipOpening.of(_landmarks(weights)), RIMS, share)


def _fitted(points, regressed, *openings):
    return fitted_expression(
        SHAPE[SEEN], UNITS[:, SEEN], points, np.full(len(SEEN), 0.01), regressed,
        np.full(52, 0.1), CAMERA.focal, CAMERA.centre, (512, 512), openings=openings,
    )  # fmt: skip


def test_the_rims_are_those_of_the_detectors_landmarks():
    weights = _weights(jawOpen=0.4, mouthUpperUp=0.3)
    upper, lower = CAMERA.project(RIMS.moved(weights))
    landmarks = _landmarks(weights)
    assert upper[0] == pytest.approx(landmarks[UPPER_LIP])
    assert lower[0] == pytest.approx(landmarks[LOWER_LIP])
    assert LipOpening.of(landmarks).apart == pytest.approx(upper - lower)


@pytest.mark.parametrize(
    "true", [{"jawOpen": 0.5}, {"mouthUpperUp": 0.7, "mouthSmile": 0.6}, {"mouthFunnel": 0.6}]
)
def test_a_mouth_that_was_read_as_shut_opens_as_far_as_the_photos(true):
    weights, visible = _weights(**true), np.ones(len(SEEN))
    shut = np.zeros(52)
    found = _fit(weights, shut, visible)
    rest, open_, now = (_gap(each) for each in (shut, weights, found))
    assert open_ > 1.5 * rest
    assert 0.75 < (now - rest) / (open_ - rest) < 1.1
    assert ((found >= 0) & (found <= 1)).all()


def test_a_mouth_that_was_read_as_open_stays_open():
    regressed = _weights(jawOpen=0.3)
    points = CAMERA.project((SHAPE + np.tensordot(regressed, UNITS, 1))[SEEN])
    assert _fitted(points, regressed, _seen(np.zeros(52), 1.0)) == pytest.approx(
        regressed, abs=1e-3
    )


def test_a_covered_mouth_says_nothing():
    visible = np.ones(len(SEEN))
    visible[RIMS.near] = 0.0
    shut = np.zeros(52)
    points = CAMERA.project(SHAPE[SEEN])
    lips = _seen(_weights(jawOpen=0.5), float(RIMS.seen(visible)[0]))
    assert _fitted(points, shut, lips) == pytest.approx(shut, abs=1e-3)
    assert np.abs(_fitted(points, shut, replace(lips, seen=1.0))).max() > 0.05
    further = CAMERA.project((SHAPE + np.tensordot(_weights(jawOpen=0.7), UNITS, 1))[SEEN])
    regressed = _weights(jawOpen=0.4)
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
    large = _landmarks(_weights(jawOpen=0.4))
    half = LipOpening.of(large / 2)
    assert half.apart * 2 == pytest.approx(LipOpening.of(large).apart)
    assert half.deviation * 2 == pytest.approx(LipOpening.of(large).deviation)
