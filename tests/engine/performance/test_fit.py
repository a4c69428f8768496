"""The fit: what was projected is found again."""

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.heads.camera import Camera
from ofer_engine.performance import fit as fitting
from ofer_engine.performance.fit import Intrinsics, fit, seen_share
from ofer_engine.performance.steady import yaw_pitch_roll
from tests.engine.performance.conftest import made_up

LENS = Intrinsics(1400.0, np.array([640.0, 360.0]), (1280, 720))
JAW = ARKIT_52.index("jawOpen")


def projected(model, weights, turns):
    places = []
    for row, moved in enumerate(model.moved(weights)):
        rotation = rotation_about("zxy", np.degrees(turns[row])[[2, 1, 0]])
        camera = Camera(LENS.focal, LENS.centre, rotation, np.array([0.02, -0.01, -0.7]), 1280, 720)
        places.append(camera.project(moved))
    return np.stack(places).astype(np.float32)


@pytest.fixture(scope="module")
def seen(model):
    weights = np.zeros((3, 52))
    weights[1, JAW] = 0.6
    weights[2, [ARKIT_52.index(f"eyeLookUp{side}") for side in ("Left", "Right")]] = 0.5
    turns = np.radians([(0, 0, 0), (25, -8, 4), (-20, 10, -6)])
    return weights, turns, projected(model, weights, turns)


def test_pose_and_weights_of_exact_points_are_found(model, seen):
    weights, turns, places = seen
    readings = made_up(
        3, points=places[:, :240], irises=places[:, 240:], expression=weights.astype(np.float32)
    )
    found = fit(model, readings, LENS)
    np.testing.assert_allclose(yaw_pitch_roll(found.rotation), turns, atol=1e-4)
    np.testing.assert_allclose(found.translation, [(0.02, -0.01, -0.7)] * 3, atol=1e-4)
    np.testing.assert_allclose(found.weights, weights, atol=1e-3)


def test_sure_points_outdo_a_wrong_regression(model, seen):
    weights, _, places = seen
    readings = made_up(
        3, points=places[:, :240], irises=places[:, 240:],
        deviation=np.full((3, 240), 0.1, np.float32),
        irises_deviation=np.full((3, 10), 0.1, np.float32),
    )  # fmt: skip
    found = fit(model, readings, LENS)
    assert abs(found.weights[1, JAW] - 0.6) < 0.06
    np.testing.assert_array_equal((found.weights >= 0) & (found.weights <= 1), True)


def test_lips_open_as_far_as_the_detector_has_them(model, seen):
    """Where the regression saw them shut and the points say little."""
    weights, turns, places = seen
    camera = Camera(
        LENS.focal, LENS.centre, rotation_about("zxy", np.degrees(turns[1])[[2, 1, 0]]),
        np.array([0.02, -0.01, -0.7]), 1280, 720,
    )  # fmt: skip
    upper, lower = camera.project(model.lips.moved(weights[1]))
    lips = np.zeros((3, 5, 2), np.float32)
    lips[1] = upper - lower

    def opened(sure):
        readings = made_up(
            3, points=places[:, :240], irises=places[:, 240:], lips=lips,
            deviation=np.full((3, 240), 20.0, np.float32),
            lips_deviation=np.full(3, sure, np.float32),
        )  # fmt: skip
        found = fit(model, readings, LENS).weights[1]
        upper, lower = model.lips.moved(found)
        return np.linalg.norm(upper - lower, axis=1).mean()

    rest, true = (
        np.linalg.norm(np.subtract(*model.lips.moved(w)), axis=1).mean() for w in weights[:2]
    )
    assert (opened(1.0) - rest) / (true - rest) > 0.8
    assert (opened(1e3) - rest) / (true - rest) < 0.5


def test_what_is_hidden_is_less_sure(model, seen):
    _, _, places = seen
    visible = np.ones((3, 240), np.float32)
    lower = model.neutral[:240, 1] < np.median(model.neutral[:240, 1])
    visible[1, lower] = 0.0
    readings = made_up(3, points=places[:, :240], irises=places[:, 240:], visible=visible)
    found = fit(model, readings, LENS)
    assert found.deviation[1, JAW] > 2 * found.deviation[0, JAW]
    share = seen_share(model, visible)
    assert share[0].min() == 1.0 and share[1, JAW] < 0.3
    assert share[1, ARKIT_52.index("browInnerUp")] > 0.7


def test_frames_without_a_face_are_left_out(model, seen):
    _, _, places = seen
    presence = np.float32([1, 0, 1])
    readings = made_up(3, points=places[:, :240], irises=places[:, 240:], presence=presence)
    steps = []
    found = fit(model, readings, LENS, lambda done, of: steps.append((done, of)))
    assert not found.weights[1].any() and (found.rotation[1] == np.eye(3)).all()
    assert steps == [(2, 2)]


def test_a_gaze_turns_the_way_it_is_called(model):
    weights = np.zeros((3, 52))
    weights[0, [ARKIT_52.index("eyeLookOutLeft"), ARKIT_52.index("eyeLookInRight")]] = 1.0
    weights[1, [ARKIT_52.index(f"eyeLookDown{side}") for side in ("Left", "Right")]] = 1.0
    gaze = model.gaze(weights)
    assert (gaze[0, :, 0] > np.radians(10)).all() and (gaze[1, :, 1] > np.radians(8)).all()
    np.testing.assert_array_equal(gaze[2], 0.0)
    assert np.radians(8) < model.jaw < np.radians(40)
    assert fitting.PRIOR_DEVIATION < 1


def test_a_head_that_is_not_quite_the_persons_moves_no_face(model):
    """Turned from side to side, points of another head than the model's are met by its place, and
    hardly by weights, which the regression says are at rest."""
    turns = np.radians([(yaw, yaw / 3, 0) for yaw in (-24, -12, 0, 12, 24)])
    away = 0.003 * np.sin(40 * model.neutral[:, ::-1])
    other = replace(model, neutral=model.neutral + away)
    places = projected(other, np.zeros((5, 52)), turns)
    readings = made_up(5, points=places[:, :240], irises=places[:, 240:])
    found = fit(model, readings, LENS)
    assert np.ptp(found.weights, axis=0).max() < 0.06  # 0.095 at a tenth of the information
