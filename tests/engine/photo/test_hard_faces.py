"""Faces that are hard to find: in the dark, small in a large picture, hanging, at the border."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from skimage import data

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.photo.faces import FaceDetector
from ofer_engine.photo.load import Photo, photo_from_pixels
from ofer_engine.photo.shadows import lifted
from tests.engine.photo.test_faces import FOLDER, as_photo, refusal

HEAD = (130, 20, 330, 220)
"""The astronaut's head in her portrait; her landmarks measure 108 pixels there."""
NOSE = np.array((223.0, 127.0))


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector.load(FOLDER)


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.fromarray(data.astronaut())


@pytest.fixture(scope="module")
def bare() -> Image.Image:
    """24 megapixels of coffee, cats, bricks and grass: nobody is there."""
    ground = Image.new("RGB", (6000, 4000))
    for number in range(30):
        name = ("coffee", "chelsea", "brick", "rocket", "grass", "gravel", "coins")[number % 7]
        tile = Image.fromarray(getattr(data, name)()).convert("RGB").resize((1000, 800))
        ground.paste(tile, (number % 6 * 1000, number // 6 * 800))
    return ground


def group(bare: Image.Image, portrait: Image.Image, side: float) -> tuple[Photo, np.ndarray]:
    """Twelve faces of this size in the large picture, and where their noses are, in its pixels."""
    picture, share = bare.copy(), side / 108
    head = portrait.crop(HEAD)
    small = head.resize((round(200 * share),) * 2, Image.Resampling.LANCZOS)
    places = [(317 + 900 * (i % 6), 731 + 1900 * (i // 6)) for i in range(12)]
    for place in places:
        picture.paste(small, place)
    noses = np.array(places) + (NOSE - HEAD[:2]) * share
    return as_photo(picture), noses


@pytest.mark.parametrize("side", [96, 48])
def test_faces_of_a_group_photo_down_to_48_pixels(detector, bare, portrait, side):
    photo, noses = group(bare, portrait, side)
    faces = detector.detect(photo)
    found = np.array([face.landmarks[4, :2] for face in faces]) / photo.scale
    apart = np.linalg.norm(found[:, None] - noses, axis=-1)
    assert apart.shape == (12, 12)
    assert (apart.min(0) < 0.2 * side).all() and (apart.min(1) < 0.2 * side).all()
    assert not any(face.low_confidence for face in faces)


def test_below_that_they_are_called_too_small_in_the_files_own_pixels(detector, bare, portrait):
    photo, _ = group(bare, portrait, 36)
    with pytest.raises(OferError) as caught:
        detector.detect(photo)
    assert caught.value.code is ErrorCode.FACE_TOO_SMALL
    words = caught.value.message.split()
    assert 33 <= int(words[4]) <= 40 and "47 are the least" in caught.value.message


def test_nobody_is_found_where_nobody_is(detector, bare):
    assert refusal(detector, bare).code is ErrorCode.NO_FACE


def test_a_large_face_is_alone_in_a_large_picture(detector, bare, portrait):
    picture = bare.copy()
    picture.paste(portrait.crop(HEAD).resize((700, 700)), (1000, 1000))
    photo = as_photo(picture)
    (face,) = detector.detect(photo)
    nose = np.array((1000, 1000)) + (NOSE - HEAD[:2]) * 3.5
    assert np.linalg.norm(face.landmarks[4, :2] / photo.scale - nose) < 40


def test_a_small_face_beside_a_large_one_is_placed_by_hand(detector, bare, portrait):
    """Looking for it unasked would take three times as long for everybody."""
    picture, share = bare.copy(), 90 / 108
    head = portrait.crop(HEAD)
    picture.paste(head.resize((740, 740)), (1000, 1000))
    picture.paste(head.resize((round(200 * share),) * 2, Image.Resampling.LANCZOS), (4000, 700))
    photo = as_photo(picture)
    nose = np.array((4000, 700)) + (NOSE - HEAD[:2]) * share
    box = np.array((nose[0] - 45, nose[1] - 55, 90, 100)) * photo.scale
    face = detector.from_box(photo, box.tolist())
    assert np.linalg.norm(face.landmarks[4, :2] / photo.scale - nose) < 8
    assert not face.low_confidence


def darkened(image: Image.Image, share: float, noise: float) -> np.ndarray:
    random = np.random.RandomState(0)
    pixels = np.asarray(image) * share + noise * random.standard_normal(np.asarray(image).shape)
    return np.round(pixels).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("share", [0.1, 0.025])
def test_a_face_in_the_dark(detector, portrait, share):
    dark = photo_from_pixels(darkened(portrait, share, 0.6), "dark.png")
    (face,) = detector.detect(dark)
    assert np.linalg.norm(face.landmarks[4, :2] - NOSE) < 6
    assert not face.low_confidence


def test_a_face_in_the_shadow_before_a_bright_window(detector, portrait):
    pixels = darkened(portrait, 0.04, 0.6)
    pixels[:, :120] = pixels[:, 400:] = 250
    (face,) = detector.detect(photo_from_pixels(pixels, "window.png"))
    assert np.linalg.norm(face.landmarks[4, :2] - NOSE) < 6


def test_lifted_shadows_keep_what_is_bright_and_show_what_is_dark():
    y, x = np.mgrid[0:300, 0:400]
    checks = np.where((x // 10 + y // 10) % 2, 200, 100).astype(np.uint8)
    picture = np.repeat(checks[..., None], 3, 2)
    picture[:, 200:] = picture[:, 200:] // 20
    bright = lifted(picture)
    assert bright.shape == picture.shape and bright.dtype == np.uint8
    left, right = bright[:, 20:140], bright[:, 260:380]
    assert 80 < left.mean() < 180 and 60 < right.mean() < 180
    dark, light = np.percentile(right, (10, 90))
    assert light / dark == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(
    ("turn", "mirrored"),
    [
        (100, False),
        (120, False),
        (150, False),
        (210, False),
        (240, False),
        (190, True),
        (188, True),
    ],
)
def test_a_hanging_face_is_not_read_upside_down(detector, portrait, turn, mirrored):
    """The mirrored ones seem upright at first sight, so that the detector looks no further."""
    upright = ImageOps.mirror(portrait) if mirrored else portrait
    turned = upright.rotate(turn, Image.Resampling.BICUBIC, fillcolor=(120, 120, 120))
    face = detector.detect(as_photo(turned))[0]
    angle = np.radians(turn)
    matrix = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    nose = np.array((511 - NOSE[0], NOSE[1])) if mirrored else NOSE
    assert np.linalg.norm(face.landmarks[4, :2] - (matrix @ (nose - 256) + 256)) < 8
    assert abs((face.angle + angle + np.pi) % (2 * np.pi) - np.pi) < 0.3


@pytest.mark.parametrize(
    ("turn", "mirrored"),
    [(100, False), (150, False), (180, False), (170, True), (180, True), (210, True)],
)
def test_a_hanging_face_is_one_face(detector, portrait, turn, mirrored):
    upright = ImageOps.mirror(portrait) if mirrored else portrait
    turned = upright.rotate(turn, Image.Resampling.BICUBIC, fillcolor=(120, 120, 120))
    assert len(detector.detect(as_photo(turned))) == 1


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_face_at_the_border(detector, portrait, side):
    left, top, right, bottom = {
        "left": (200, 0, 512, 512),
        "right": (0, 0, 250, 512),
        "top": (0, 84, 512, 512),
        "bottom": (0, 0, 512, 155),
    }[side]
    face = detector.detect(as_photo(portrait.crop((left, top, right, bottom))))[0]
    assert np.linalg.norm(face.landmarks[4, :2] + (left, top) - NOSE) < 12


def test_a_mirrored_twin_is_a_face_of_its_own(detector, portrait):
    both = Image.new("RGB", (1024, 512))
    both.paste(portrait, (0, 0))
    both.paste(portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (512, 0))
    noses = sorted(face.landmarks[4, 0] for face in detector.detect(as_photo(both)))
    assert noses == [pytest.approx(NOSE[0], abs=6), pytest.approx(1024 - NOSE[0], abs=6)]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_is_called_one(detector, level):
    error = refusal(detector, Image.new("RGB", (300, 200), (level, level, level)))
    assert error.code is ErrorCode.NO_FACE and "all of it has one colour" in error.message


def pumpkin(size: int, carved: bool) -> Image.Image:
    picture = Image.new("RGB", (size, size), (70, 90, 110))
    draw = ImageDraw.Draw(picture)
    for rib in range(9):
        at, shade = (rib - 4) / 4.5, 1 - 0.35 * abs(rib - 4) / 4.5 - 0.15 * (rib % 2)
        middle = size / 2 + at * 0.33 * size
        box = (middle - 0.16 * size, 0.15 * size, middle + 0.16 * size, 0.85 * size)
        draw.ellipse(box, fill=tuple(round(shade * c) for c in (235, 130, 25)))
    draw.rectangle((0.47 * size, 0.06 * size, 0.53 * size, 0.17 * size), fill=(70, 90, 40))
    if carved:
        for eye in (0.35, 0.65):
            corners = ((eye - 0.08, 0.45), (eye + 0.08, 0.45), (eye, 0.3))
            draw.polygon([(x * size, y * size) for x, y in corners], fill=(25, 15, 10))
        draw.chord(tuple(v * size for v in (0.3, 0.4, 0.7, 0.76)), 20, 160, fill=(25, 15, 10))
    return picture


@pytest.mark.parametrize("carved", [True, False])
@pytest.mark.parametrize("held", [True, False])
def test_a_pumpkin_is_no_face(detector, portrait, carved, held):
    picture = pumpkin(300, carved)
    if held:
        holder = portrait.copy()
        holder.paste(picture.resize((180, 180)).crop((10, 10, 170, 170)), (145, 40))
        picture = holder
    error = refusal(detector, picture)
    assert error.code is ErrorCode.NO_FACE and "by hand" in error.hint
