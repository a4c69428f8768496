"""Vertices are laid where the photo has them, and hidden points have no say."""

from dataclasses import replace

import numpy as np

from ofer_engine.texture.alignment import mixed_expression, photo_places
from tests.engine.texture.conftest import camera_at


def test_places_meet_the_evidence(sitter):
    view = sitter.photo()
    x, y = view.evidence.points.T
    moved = view.evidence.points + np.stack([3 + 0.02 * y, 2 * np.sin(x / 30)], 1)
    places = photo_places(view.vertices, view.camera, replace(view.evidence, points=moved))
    seen = view.evidence.visible > 0.5
    error = np.linalg.norm(places[view.evidence.vertices] - moved, axis=1)[seen]
    assert np.median(error) < 0.3 and error.max() < 1.5


def test_without_visible_points_the_camera_decides(sitter):
    view = sitter.photo()
    blind = replace(
        view.evidence, visible=np.zeros(len(view.evidence.visible)), points=view.evidence.points + 9
    )
    places = photo_places(view.vertices, view.camera, blind)
    assert np.array_equal(places, view.camera.project(view.vertices))


def test_an_outlier_is_not_followed(sitter):
    view = sitter.photo()
    points = view.evidence.points.copy()
    wrong = int(np.argmax(view.evidence.visible))
    points[wrong] += 60
    places = photo_places(view.vertices, view.camera, replace(view.evidence, points=points))
    drawn = view.camera.project(view.vertices)
    assert np.linalg.norm(places - drawn, axis=1).max() < 3


def test_the_expression_of_the_photo_is_mixed(head, sitter):
    units = head.expression[[17, 25, 26]]
    wanted = np.array([0.6, 0.3, 0.0])
    shown = head.template + np.tensordot(wanted, units, 1)
    camera = camera_at(0.0)
    view = sitter.photo()
    evidence = replace(view.evidence, points=camera.project(shown)[view.evidence.vertices])
    mixed = mixed_expression(head.template, units, camera, evidence)
    assert np.abs(mixed - shown).max() < 1e-3
    assert mixed_expression(head.template, units[:0], camera, evidence) is head.template
