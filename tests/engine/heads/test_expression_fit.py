"""The expression fit: a head meets the points, and stays with what was regressed where it can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.expression_fit import fitted_expression
from ofer_engine.heads.open_head import OpenHead

HEAD = OpenHead.load(Path(__file__).parents[3] / "weights" / "open" / "head.npz")
NEUTRAL = HEAD.template[HEAD.point_vertices].astype(float)
UNITS = HEAD.expression[:, HEAD.point_vertices].astype(float)
CAMERA = Camera(900.0, np.array([256.0, 256.0]), np.eye(3), np.array([0, 0, -1.0]), 512, 512)
SMILE = [ARKIT_52.index(f"mouthSmile{side}") for side in ("Left", "Right")]
DOUBT = np.full(52, 0.1)


def _fit(points, regressed, precision, doubt=DOUBT):
    return fitted_expression(
        NEUTRAL, UNITS, points, precision, regressed, doubt, CAMERA.focal, CAMERA.centre, (512, 512)
    )


def _smiling(much):
    weights = np.zeros(52)
    weights[SMILE] = much
    return weights


def _points(weights):
    return CAMERA.project(NEUTRAL + np.tensordot(weights, UNITS, 1))


def test_a_smile_that_was_read_too_broad_comes_to_its_points():
    true, regressed = _smiling(0.4), _smiling(0.8)
    found = _fit(_points(true), regressed, np.full(len(NEUTRAL), 25.0))
    assert np.abs(found[SMILE] - 0.4).max() < 0.12
    left = np.abs(_points(found) - _points(true)).mean()
    assert left < 0.35 * np.abs(_points(regressed) - _points(true)).mean()
    assert ((found >= 0) & (found <= 1)).all()


def test_what_the_points_agree_with_stays():
    true = _smiling(0.5)
    assert _fit(_points(true), true, np.full(len(NEUTRAL), 25.0)) == pytest.approx(true, abs=1e-3)


def test_where_nothing_is_seen_the_regressed_stays():
    regressed = _smiling(0.7)
    found = _fit(_points(_smiling(0.0)), regressed, np.full(len(NEUTRAL), 1e-12))
    assert found == pytest.approx(regressed, abs=1e-3)


def test_a_weight_that_is_sure_moves_less():
    true, regressed = _smiling(0.2), _smiling(0.8)
    precision = np.full(len(NEUTRAL), 2.0)
    sure, unsure = (
        _fit(_points(true), regressed, precision, np.full(52, doubt))[SMILE].mean()
        for doubt in (0.05, 0.2)
    )
    assert true[SMILE].mean() < unsure < sure < 0.8


def test_a_cancel_is_heard_between_rounds():
    """Beside other work a round may last a quarter of a second."""
    heard = []

    def check():
        heard.append(None)
        if len(heard) > 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fitted_expression(
            NEUTRAL, UNITS, _points(_smiling(0.5)), np.full(len(NEUTRAL), 4.0), _smiling(0.2),
            DOUBT, CAMERA.focal, CAMERA.centre, (512, 512), check,
        )  # fmt: skip
    assert len(heard) == 2
