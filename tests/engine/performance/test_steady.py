"""From fits to motion: what shakes is smoothed, what moves stays, what is hidden is bridged."""

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.performance.fit import Fitted
from ofer_engine.performance.steady import resting, steady
from tests.engine.performance.conftest import made_up

BLINK, SMILE = (ARKIT_52.index(name) for name in ("eyeBlinkLeft", "mouthSmileLeft"))
FRAMES = 120


def fitted(weights, turn=None, frames=FRAMES):
    rotation = np.broadcast_to(np.eye(3), (frames, 3, 3)).copy()
    if turn is not None:
        rotation[:, 0, 0] = rotation[:, 2, 2] = np.cos(turn)
        rotation[:, 0, 2], rotation[:, 2, 0] = np.sin(turn), -np.sin(turn)
    return Fitted(
        weights,
        np.full(weights.shape, 0.1),
        rotation,
        np.tile((0.0, 0.0, -0.6), (frames, 1)),
        np.full((frames, 6), 0.01),
    )


def open_everywhere(frames=FRAMES):
    return np.zeros((frames, 52), bool)


@pytest.fixture
def shaken():
    """Weights of a smile that comes and goes and a blink, and the same as it is read."""
    true = np.zeros((FRAMES, 52))
    true[:, SMILE] = 0.35 - 0.35 * np.cos(np.arange(FRAMES) / FRAMES * 2 * np.pi)
    true[60:64, BLINK] = (0.6, 1.0, 0.7, 0.3)
    noise = np.random.default_rng(4).normal(0, 0.04, true.shape)
    return true, np.clip(true + noise, 0, 1)


def test_noise_goes_and_a_blink_stays_whole_and_where_it_was(shaken):
    true, read = shaken
    found = steady(made_up(FRAMES), fitted(read), open_everywhere())
    before = np.sqrt(np.square(read - true)[:, SMILE].mean())
    assert np.sqrt(np.square(found.weights - true)[:, SMILE].mean()) < 0.75 * before
    assert found.weights[:, BLINK].argmax() == 61 and found.weights[61, BLINK] > 0.85
    assert not found.bridged.any()


def test_what_a_hand_covers_goes_on_from_before_to_behind(shaken):
    true, read = shaken
    read[40:52] = np.random.default_rng(6).uniform(0, 1, (12, 52))
    covered = open_everywhere()
    covered[40:52] = True
    found = steady(made_up(FRAMES), fitted(read), covered)
    np.testing.assert_allclose(found.weights[40:52, SMILE], true[40:52, SMILE], atol=0.12)
    assert found.deviation[46, SMILE] > 2 * found.deviation[20, SMILE]


def test_frames_without_a_face_are_bridged_and_marked():
    presence = np.ones(FRAMES, np.float32)
    presence[30:45] = 0.0
    turn = np.linspace(0, 0.6, FRAMES)
    read = fitted(np.zeros((FRAMES, 52)), turn)
    read.rotation[30:45] = np.eye(3)
    found = steady(made_up(FRAMES, presence=presence), read, open_everywhere())
    np.testing.assert_array_equal(np.flatnonzero(found.bridged), np.arange(30, 45))
    np.testing.assert_allclose(found.turns[:, 0], turn, atol=0.02)


def test_nothing_is_smoothed_over_a_cut():
    cut = np.zeros(FRAMES, bool)
    cut[60] = True
    weights = np.zeros((FRAMES, 52))
    weights[60:, SMILE] = 0.8
    turn = np.where(np.arange(FRAMES) < 60, 0.0, 0.5)
    found = steady(made_up(FRAMES, cut=cut), fitted(weights, turn), open_everywhere())
    np.testing.assert_allclose(found.weights[[59, 60], SMILE], (0.0, 0.8), atol=1e-3)
    np.testing.assert_allclose(found.turns[[59, 60], 0], (0.0, 0.5), atol=1e-3)


def test_a_small_weight_at_rest_is_taken_off_and_a_constant_smile_is_not():
    weights = np.zeros((50, 52))
    weights[:, BLINK], weights[:, SMILE] = 0.1, 0.6
    rest = resting(weights)
    assert rest[BLINK] == pytest.approx(0.1) and rest[SMILE] == 0.0 and not rest[3]


def test_a_video_of_nobody_is_no_motion():
    found = steady(
        made_up(4, presence=np.zeros(4, np.float32)),
        fitted(np.zeros((4, 52)), frames=4),
        open_everywhere(4),
    )
    assert found.bridged.all() and not found.weights.any() and np.isfinite(found.turns).all()
