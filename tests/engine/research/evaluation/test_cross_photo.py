"""Heads fitted to landmarks that a camera saw of a known head."""

from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.geometry.rotations import rotation_matrix
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.research.evaluation.cross_photo import LandmarkHead, SeenLandmarks


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(Path(BUNDLED) / "open" / "head.npz")


def _photo(head, identity, expression, turn, noise=0.0):
    """Landmarks of a head in a picture of 250 pixels, taken from 1.9 m."""
    pose = rotation_matrix(np.array(turn)), np.array([0.01, 0.02, -1.9])
    camera = Camera(1300.0, np.array([125.0, 125.0]), *pose, 250, 250)
    places = camera.project(head.landmarks(head.vertices(identity, expression)))
    rng = np.random.default_rng(5)
    return SeenLandmarks(places + noise * rng.standard_normal(places.shape), (250, 250))


def _units(**weights):
    units = np.zeros(len(ARKIT_52), np.float32)
    for name, weight in weights.items():
        units[ARKIT_52.index(name)] = weight
    return units


def test_a_persons_own_head_explains_another_photo_of_them_and_others_do_not(head):
    rng = np.random.default_rng(1)
    people = rng.standard_normal((6, len(head.identity)))
    marked = LandmarkHead.of(head)
    units = _units(jawOpen=0.5, mouthSmileLeft=0.7, mouthSmileRight=0.6)
    seen = _photo(head, people[0], units, (0.1, -0.3, 0.05))
    own, mean_head, *others = marked.residuals(
        seen, [people[0], np.zeros_like(people[0]), *people[1:]]
    )
    assert own < 0.6
    assert mean_head > 1.5 * own
    assert min(others) > 1.5 * own


def test_the_residual_is_the_noise_of_the_landmarks_in_millimetres(head):
    marked = LandmarkHead.of(head)
    identity = np.random.default_rng(2).standard_normal(len(head.identity))
    seen = _photo(head, identity, _units(), (0.0, 0.2, 0.0), noise=0.5)
    (left,) = marked.residuals(seen, [identity])
    # Half a pixel each way is 1.03 mm in all at 1.9 m and 1300 px; the fit takes up some of it.
    assert 0.75 < left < 1.1


def test_the_detectors_own_idea_of_a_landmark_is_taken_away(head):
    marked = LandmarkHead.of(head)
    rng = np.random.default_rng(4)
    people = rng.standard_normal((8, len(head.identity)))
    photos = [_photo(head, one, _units(), (0.0, 0.0, 0.1 * k)) for k, one in enumerate(people)]
    bias = 3 * rng.standard_normal(photos[0].places.shape)
    turned = [
        bias @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]).T
        for a in 0.1 * np.arange(8)
    ]
    biased = [
        SeenLandmarks(one.places + off, one.size) for one, off in zip(photos, turned, strict=True)
    ]
    before, after = (
        np.mean([marked.residuals(s, [p])[0] for s, p in zip(seen, people, strict=True)])
        for seen in (biased, marked.without_common(biased))
    )
    assert before > 3 and after < before / 2


def test_units_stay_within_their_bounds_whatever_the_landmarks_say(head):
    from ofer_engine.research.evaluation import cross_photo

    marked = LandmarkHead.of(head)
    wide = _units(jawOpen=2.5, mouthPucker=-1.0)
    seen = _photo(head, np.zeros(len(head.identity)), wide, (0.0, 0.0, 0.0))
    everything = np.ones(468, bool)
    expression, camera = cross_photo.fitted(marked.neutral, marked.units, seen, everything)
    assert expression.min() >= 0 and expression.max() <= 1
    assert expression[ARKIT_52.index("jawOpen")] > 0.8
    assert camera.to_camera(marked.neutral)[:, 2].max() < 0
