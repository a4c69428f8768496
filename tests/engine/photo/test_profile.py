"""A face seen from the side: found, and called uncertain."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.heads.camera import Camera
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import Photo, photo_from_pixels
from ofer_engine.preview.thumbnails import Look, render, thumbnail_camera, to_bytes

WEIGHTS = Path(__file__).parents[3] / "weights"
SIDE = 512


def seen_from(degrees: float) -> Photo:
    """The bundled head's mean, turned, on a plain backdrop."""
    head = OpenHead.load(WEIGHTS / "open" / "head.npz")
    look = Look.of_head(head)
    above = look.focus + np.array([0, 0.109 * look.reach, 0])
    look = replace(look, focus=above, reach=1.315 * look.reach)  # the whole head
    turn = np.radians(degrees)
    rotation = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    usual = thumbnail_camera(look, SIDE)
    focus = usual.rotation @ look.focus + usual.translation
    translation = focus - rotation @ look.focus
    camera = Camera(usual.focal * 0.6, usual.centre, rotation, translation, SIDE, SIDE)
    picture = to_bytes(render(head.template.astype(np.float32), look, camera))
    return photo_from_pixels(np.ascontiguousarray(picture[..., :3]), "turned.png")


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector.load(WEIGHTS / "faces")


@pytest.mark.parametrize(("degrees", "uncertain"), [(60, False), (85, True), (90, True)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_turned_face(detector: FaceDetector, degrees: float, uncertain: bool, side: int) -> None:
    (face,) = detector.detect(seen_from(side * degrees))
    assert face.low_confidence == uncertain
    assert np.isfinite(face.landmarks).all()
    assert abs(face.angle) < np.pi / 4
    x, y, width, height = face.box
    middle = x + width / 2 if side > 0 else SIDE - x - width / 2
    assert 225 < middle < 340 and 220 < y + height / 2 < 330, "it lies on the face, not the skull"
    assert 140 < max(width, height) < 260


def test_a_profile_that_was_missed_is_placed_by_hand(detector: FaceDetector) -> None:
    photo = seen_from(-90)
    face = detector.from_box(photo, (SIDE * 0.2, SIDE * 0.25, SIDE * 0.6, SIDE * 0.6))
    assert face.low_confidence and np.isfinite(face.landmarks).all()
