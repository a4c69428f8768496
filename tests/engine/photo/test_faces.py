"""Finding faces in a public-domain portrait, and in what can be made of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import Photo, photo_from_pixels
from ofer_engine.preview.thumbnails import Look, render, thumbnail_camera, to_bytes

FOLDER = Path(__file__).parents[3] / "weights" / "faces"
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH = (203.2, 101.0), (246.5, 103.3), (223.0, 127.0), (223.5, 145.5)
"""Placed by eye on the portrait: pupils, tip of the nose, middle of the mouth."""


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector.load(FOLDER)


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.fromarray(data.astronaut())


def as_photo(image: Image.Image) -> Photo:
    return photo_from_pixels(np.asarray(image), "portrait.png")


def marks(landmarks: np.ndarray) -> np.ndarray:
    """Pupils, nose and mouth out of the 468 landmarks."""
    points = landmarks[:, :2]
    right, left = points[[33, 133, 159, 145]].mean(0), points[[263, 362, 386, 374]].mean(0)
    return np.stack((right, left, points[4], points[[13, 14]].mean(0)))


def test_the_portrait(detector, portrait):
    (face,) = detector.detect(as_photo(portrait))
    assert np.abs(marks(face.landmarks) - (RIGHT_EYE, LEFT_EYE, NOSE, MOUTH)).max() < 2
    x, y, width, height = face.box
    points = face.landmarks[:, :2]
    assert np.allclose(points.min(0), (x, y))
    assert np.allclose(points.max(0), (x + width, y + height))
    assert face.landmarks.shape == (468, 3)
    assert face.landmarks[4, 2] < face.landmarks[33, 2] < face.landmarks[127, 2]
    assert face.score > 0.8
    assert face.confidence > 0.9
    assert not face.low_confidence


def test_the_same_photo_gives_the_same_bits(detector, portrait):
    first, second = (detector.detect(as_photo(portrait))[0] for _ in range(2))
    assert np.array_equal(first.landmarks, second.landmarks)
    assert (first.box, first.score, first.confidence) == (
        second.box,
        second.score,
        second.confidence,
    )


@pytest.mark.parametrize("factor", [0.4, 1.7, 4.0])
def test_landmarks_follow_the_size(detector, portrait, factor):
    expected = detector.detect(as_photo(portrait))[0]
    side = round(512 * factor)
    larger = portrait.resize((side, side), Image.Resampling.LANCZOS)
    found = detector.detect(as_photo(larger))[0]
    difference = found.landmarks[:, :2] * 512 / side - expected.landmarks[:, :2]
    assert np.linalg.norm(difference, axis=1).mean() < 0.015 * expected.side


@pytest.mark.parametrize("turn", [30, -50, 90, 180, 270])
def test_landmarks_follow_a_turn(detector, portrait, turn):
    expected = detector.detect(as_photo(portrait))[0]
    found = detector.detect(as_photo(portrait.rotate(turn, Image.Resampling.BICUBIC)))[0]
    angle = np.radians(turn)
    matrix = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    moved = (expected.landmarks[:, :2] - 256) @ matrix.T + 256
    difference = found.landmarks[:, :2] - moved
    assert np.linalg.norm(difference, axis=1).mean() < 0.02 * expected.side
    assert not found.low_confidence


def test_a_face_that_fills_the_photo(detector, portrait):
    close = portrait.crop((185, 75, 265, 175)).resize((480, 600), Image.Resampling.BICUBIC)
    (face,) = detector.detect(as_photo(close))
    middle = marks(face.landmarks) / 6 + (185, 75)
    assert np.abs(middle - (RIGHT_EYE, LEFT_EYE, NOSE, MOUTH)).max() < 2


def test_twelve_faces(detector, portrait):
    wall = Image.new("RGB", (1000, 750), (200, 200, 200))
    head = portrait.crop((130, 20, 330, 220)).resize((240, 240))
    for i in range(12):
        wall.paste(head, (i % 4 * 250, i // 4 * 250))
    faces = detector.detect(as_photo(wall))
    places = {(int(f.box[0] // 250), int(f.box[1] // 250)) for f in faces}
    assert len(faces) == 12
    assert places == {(x, y) for x in range(4) for y in range(3)}
    assert not any(face.low_confidence for face in faces)


def test_the_larger_of_two_comes_first(detector, portrait):
    both = Image.new("RGB", (800, 500), (90, 90, 90))
    both.paste(portrait.crop((130, 20, 330, 220)).resize((180, 180)), (30, 100))
    both.paste(portrait.crop((130, 20, 330, 220)).resize((360, 360)), (400, 60))
    first, second = detector.detect(as_photo(both))
    assert first.box[0] > 400 > second.box[0]
    assert first.side > second.side


def someone_else(side: int) -> Image.Image:
    """The bundled head's mean, pictured, cut around its face and laid out by its own shape."""
    head = OpenHead.load(FOLDER.parent / "open" / "head.npz")
    look = Look.of_head(head)
    look = replace(look, reach=1.3 * look.reach)  # with the top of the head
    picture = to_bytes(render(head.template.astype(np.float32), look, thumbnail_camera(look, side)))
    mask = np.where(picture[..., :3].max(-1) > 0, 255, 0).astype(np.uint8)
    return Image.fromarray(np.dstack((picture[..., :3], mask)))


@pytest.mark.parametrize("shift", [100, -120])
def test_two_overlapping_heads(detector, portrait, shift):
    """Two people, one before the other, so that a part of the farther face is covered."""
    (alone,) = detector.detect(as_photo(someone_else(300).convert("RGB")))
    nearer = someone_else(300)
    place = (round(NOSE[0] + shift - alone.landmarks[4, 0]), 20)
    both = portrait.copy()
    both.paste(nearer, place, nearer)
    faces = detector.detect(as_photo(both))
    noses = sorted(float(face.landmarks[4, 0]) for face in faces)
    assert noses == [pytest.approx(x, abs=8) for x in sorted((NOSE[0], NOSE[0] + shift))]
    boxes = sorted((face.box for face in faces), key=lambda box: box[0])
    assert boxes[0][0] + boxes[0][2] > boxes[1][0] - 10, "they touch"


def test_a_covered_mouth_is_still_a_face(detector, portrait):
    masked = portrait.copy()
    masked.paste((40, 80, 140), (160, 122, 300, 200))
    face = detector.detect(as_photo(masked))[0]
    assert np.abs(marks(face.landmarks)[:2] - (RIGHT_EYE, LEFT_EYE)).max() < 3


DRAWN = ((188, 287), (312, 287), (250, 365), (250, 425))
"""Pupils, tip of the nose and middle of the mouth of `drawing`."""


def drawing(coloured: bool) -> Image.Image:
    """A face drawn with lines, as a child would, or filled with flat colours."""
    picture = Image.new("RGB", (500, 600), (252, 250, 245))
    draw, ink = ImageDraw.Draw(picture), (40, 35, 35)
    draw.arc((90, 60, 410, 400), 180, 360, fill=ink, width=5)
    skin = (236, 200, 175) if coloured else None
    draw.ellipse((110, 100, 390, 510), fill=skin, outline=ink, width=5)
    if coloured:
        draw.chord((100, 70, 400, 330), 180, 360, fill=(70, 50, 40))
    for x, y in DRAWN[:2]:
        draw.ellipse((x - 34, y - 19, x + 34, y + 19), (255, 255, 255), ink, 5)
        draw.ellipse((x - 14, y - 15, x + 14, y + 15), fill=(70, 90, 110))
        draw.ellipse((x - 6, y - 7, x + 6, y + 7), fill=(10, 10, 10))
        draw.arc((x - 44, y - 62, x + 44, y - 7), 200, 340, fill=ink, width=8)
    draw.line((250, 300, 238, 372), fill=ink, width=4)
    draw.arc((222, 350, 280, 388), 20, 160, fill=ink, width=4)
    draw.arc((195, 390, 305, 450), 20, 160, fill=(150, 60, 60), width=8)
    draw.line((200, 425, 300, 425), fill=ink, width=4)
    draw.arc((205, 408, 295, 440), 190, 350, fill=ink, width=4)
    return picture


@pytest.mark.parametrize("coloured", [False, True])
def test_a_drawing_is_found(detector, coloured):
    (face,) = detector.detect(as_photo(drawing(coloured)))
    assert np.abs(marks(face.landmarks) - DRAWN).max() < 12
    assert not face.low_confidence


def test_the_edges_of_a_photo_are_found(detector, portrait):
    lines = np.asarray(portrait.convert("L"), np.float32)
    lines = 255 - 4 * np.hypot(*np.gradient(lines)).clip(0, 63)
    face = detector.detect(as_photo(Image.fromarray(lines.astype(np.uint8))))[0]
    assert np.abs(marks(face.landmarks) - (RIGHT_EYE, LEFT_EYE, NOSE, MOUTH)).max() < 3


def refusal(detector: FaceDetector, image: Image.Image) -> OferError:
    with pytest.raises(OferError) as caught:
        detector.detect(as_photo(image))
    return caught.value


@pytest.mark.parametrize("name", ["coffee", "chelsea", "coins", "brick", "moon", "text", "clock"])
def test_no_face_in_pictures_of_other_things(detector, name):
    error = refusal(detector, Image.fromarray(getattr(data, name)()))
    assert error.code is ErrorCode.NO_FACE
    assert "by hand" in error.hint


def test_no_face_in_noise(detector):
    noise = np.random.RandomState(0).randint(0, 256, (400, 500, 3)).astype(np.uint8)
    assert refusal(detector, Image.fromarray(noise)).code is ErrorCode.NO_FACE


@pytest.mark.parametrize("cover", ["noise", "cloth"])
def test_a_fully_covered_face_is_refused(detector, portrait, cover):
    covered = np.asarray(portrait).copy()
    noise = np.random.RandomState(0).randint(0, 256, (150, 140, 3))
    covered[50:200, 160:300] = noise if cover == "noise" else (180, 140, 120)
    assert refusal(detector, Image.fromarray(covered)).code is ErrorCode.NO_FACE


@pytest.mark.parametrize("side", [20, 24])
def test_a_tiny_face_is_called_too_small(detector, portrait, side):
    small = round(512 * side / 108)
    field = Image.new("RGB", (600, 400), (90, 120, 90))
    field.paste(portrait.resize((small, small), Image.Resampling.HAMMING), (200, 100))
    error = refusal(detector, field)
    assert error.code is ErrorCode.FACE_TOO_SMALL
    assert error.hint


def test_a_box_by_hand_gives_the_same_face(detector, portrait):
    expected = detector.detect(as_photo(portrait))[0]
    for grow in (0.85, 1.0, 1.3):
        x, y, width, height = expected.box
        box = (x - 5, y + 4, width * grow, height * grow)
        face = detector.from_box(as_photo(portrait), box)
        difference = face.landmarks[:, :2] - expected.landmarks[:, :2]
        assert np.linalg.norm(difference, axis=1).mean() < 0.02 * expected.side


def test_a_box_on_nothing_is_taken_with_low_confidence(detector):
    photo = photo_from_pixels(data.brick(), "brick.png")
    face = detector.from_box(photo, (100, 100, 200, 240))
    assert face.low_confidence
    assert np.isfinite(face.landmarks).all()


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ((600, 10, 50, 50), ErrorCode.BAD_REQUEST),
        ((10, -80, 50, 70), ErrorCode.BAD_REQUEST),
        ((10, 10, 0, 50), ErrorCode.BAD_REQUEST),
        ((10, 10, float("nan"), 50), ErrorCode.BAD_REQUEST),
        ((1, 1, 1e300, 1e300), ErrorCode.BAD_REQUEST),
        ((-1e15, -1e15, 2e15, 2e15), ErrorCode.BAD_REQUEST),
        ((10, 10, 20, 24), ErrorCode.FACE_TOO_SMALL),
    ],
)
def test_impossible_boxes(detector, portrait, box, code):
    with pytest.raises(OferError) as caught:
        detector.from_box(as_photo(portrait), box)
    assert caught.value.code is code
