"""Where the points that were read lie beside the features, the detector's landmarks say so; neither
says where brows are."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from ofer_engine.photo.landmarks import LandmarkReading
from ofer_engine.photo.load import Photo
from ofer_engine.texture.alignment import photo_places
from ofer_engine.texture.landmark_evidence import with_landmarks
from tests.engine.texture.conftest import SIDE

RAISED = 7.0
"""Pixels, 5 mm, by which the points of the lips and of the brows lie too high."""


@dataclass(frozen=True)
class Seeing:
    """A detector that finds each landmark where the photo has it."""

    landmarks: np.ndarray
    presence: float = 0.99

    def again(self, photo: Photo, landmarks: np.ndarray) -> LandmarkReading:
        assert landmarks.shape == self.landmarks.shape
        depth = np.zeros((len(self.landmarks), 1))
        return LandmarkReading(np.hstack([self.landmarks, depth]), self.presence)


@pytest.fixture(scope="module")
def photo(sitter):
    """The sitter's, whose points wander sideways, and lie too high on the lips and the brows."""
    view = sitter.photo()
    high = [sitter.head.region(name)[view.evidence.vertices] > 0.3 for name in ("lips", "brows")]
    assert all(each.sum() >= 6 for each in high)
    x, y = view.evidence.points.T
    points = np.stack([x + 3 * np.sin(y / 9), y - RAISED * np.any(high, axis=0)], 1)
    return replace(view, evidence=replace(view.evidence, points=points))


def _seen(head, view, detector):
    picture = Photo(view.pixels, "", "", None, (SIDE, SIDE))
    return with_landmarks(view.evidence, detector, head, picture, view.camera, view.vertices)


def _below(head, view, evidence, region):
    """Pixels below its place in the photo that the middle of a region is laid."""
    inside = head.region(region) > 0.8
    places = photo_places(view.vertices, view.camera, evidence)
    return float((places - view.camera.project(view.vertices))[inside, 1].mean())


def test_lips_are_laid_where_the_detector_sees_them(head, photo):
    true = photo.camera.project(head.landmarks(photo.vertices))
    assert _below(head, photo, photo.evidence, "lips") < -0.6 * RAISED
    assert abs(_below(head, photo, _seen(head, photo, Seeing(true)), "lips")) < 0.2 * RAISED


def test_brows_are_laid_by_what_surrounds_them(head, photo):
    """Neither their points nor landmarks, which lie as high, say where their hair is."""
    true = photo.camera.project(head.landmarks(photo.vertices))
    place = head.template[head.region("brows") > 0.3]
    away, _ = KDTree(place).query(head.landmarks(head.template))
    true[away < 0.008, 1] -= RAISED
    assert _below(head, photo, photo.evidence, "brows") < -0.4 * RAISED
    assert abs(_below(head, photo, _seen(head, photo, Seeing(true)), "brows")) < 0.15 * RAISED


def test_landmarks_do_not_make_seen_what_is_hidden(head, photo):
    left = head.template[photo.evidence.vertices, 0] > 0.005
    evidence = replace(photo.evidence, visible=np.where(left, 0.02, 0.98))
    true = photo.camera.project(head.landmarks(photo.vertices))
    seen = _seen(head, replace(photo, evidence=evidence), Seeing(true))
    added = slice(len(evidence.vertices), None)
    x = head.template[seen.vertices[added], 0]
    visible = seen.visible[added]
    assert len(x) > 200
    assert visible[x > 0.02].max() < 0.1 and visible[x < -0.01].min() > 0.9


def test_a_face_that_the_detector_does_not_see_tells_nothing(head, photo):
    wrong = photo.camera.project(head.landmarks(photo.vertices)) + 40
    unseen, earlier = _seen(head, photo, Seeing(wrong, 0.2)), photo.evidence
    for name in ("points", "visible", "vertices"):
        np.testing.assert_array_equal(getattr(unseen, name), getattr(earlier, name))
    less = unseen.deviation > earlier.deviation
    brows = head.region("brows")[earlier.vertices] > 0.3
    assert less[brows].all() and less.mean() < 0.2


def test_a_head_without_landmarks_keeps_its_points(flame, flame_sitter):
    view = flame_sitter.photo()
    assert _seen(flame, view, Seeing(np.zeros((468, 2)))) is view.evidence
