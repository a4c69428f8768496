"""Landmarks lie where the detector sees them, and the surface is as it was."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building.detected_landmarks import (
    KEPT,
    with_detected_landmarks,
    with_landmarks_at,
)
from ofer_engine.research.head_building.detected_landmarks_build import (
    SeenHead,
    detected_places,
    mirror_pairs,
)

WEIGHTS = Path(__file__).parents[4] / "weights"
MIDDLE, CHEEKS, JAW = (1, 4, 152), (50, 280), (58, 288)


@pytest.fixture(scope="module")
def head():
    """As it was built: its landmarks were cast from clay."""
    return OpenHead.load(WEIGHTS / "training" / "head.npz")


@pytest.fixture(scope="module")
def detected(head):
    return with_detected_landmarks(head)


def _sighting(head, landmarks_on, degrees):
    camera = Camera(
        900.0,
        np.array([128.0, 128.0]),
        rotation_about("y", degrees),
        np.array([0.0, 0.0, -1.2]),
        256,
        256,
    )
    seen = camera.project(landmarks_on.landmarks(head.template))
    return SeenHead(head.template, camera, seen)


def test_landmarks_lie_on_the_skin_and_both_sides_alike(detected):
    np.testing.assert_allclose(detected.landmark_barycentric.sum(1), 1, atol=1e-5)
    assert detected.landmark_barycentric.min() >= -1e-6
    assert detected.outer[detected.landmark_triangles].all()
    marks = detected.landmarks(detected.template)
    for left, right in (CHEEKS, JAW):
        np.testing.assert_allclose(marks[left] * (-1, 1, 1), marks[right], atol=1e-4)
    np.testing.assert_allclose(marks[list(MIDDLE), 0], 0, atol=1e-4)


def test_borders_of_lids_and_lips_stay_and_nothing_but_landmarks_changes(head, detected):
    before, after = (each.landmarks(each.template)[list(KEPT)] for each in (head, detected))
    np.testing.assert_array_equal(after, before)
    for field in fields(head):
        if field.name not in ("landmark_triangles", "landmark_barycentric", "prior"):
            np.testing.assert_array_equal(getattr(detected, field.name), getattr(head, field.name))


def test_places_are_found_again_from_pictures_of_the_head(detected):
    """The detector is one that is always right; one picture is of something else."""
    start = with_landmarks_at(detected, detected.landmarks(detected.template) + (0, 0.002, 0))
    seen = [_sighting(detected, detected, degrees) for degrees in (-25, -8, 8, 25)]
    stranger = _sighting(detected, detected, 0)
    lost = SeenHead(stranger.vertices, stranger.camera, stranger.landmarks + 40)
    marks = [detected.landmarks(detected.template), start.landmarks(start.template)]
    found = detected_places(start, [*seen, lost])
    off = [np.linalg.norm(found - marks[0], axis=1), np.linalg.norm(marks[1] - marks[0], axis=1)]
    assert np.median(off[1]) > 0.0015
    assert np.median(off[0]) < 0.0004 and np.percentile(off[0], 90) < 0.001


def test_mirror_images_are_found_from_shapes(detected):
    marks = detected.landmarks(detected.template)[:, :2] * (1000, -1000)
    pairs = mirror_pairs(np.stack([marks, marks * (1, 1.1)]))
    np.testing.assert_array_equal(pairs[pairs], np.arange(len(pairs)))
    for left, right in (CHEEKS, JAW, (33, 263), (61, 291)):
        assert pairs[left] == right
    assert all(pairs[each] == each for each in MIDDLE)
