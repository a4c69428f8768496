"""Crops against closed forms and an independent image warp."""

import numpy as np
import pytest
from skimage.transform import AffineTransform, SimilarityTransform, warp

from ofer_engine.photo.align import (
    ARCFACE_TEMPLATE,
    Crop,
    aligned_crop,
    arcface_crop,
    cut,
    cut_pixels,
    evidence_crop,
    farl_crop,
    five_points,
    similarity,
    square_crop,
)
from ofer_engine.photo.load import photo_from_pixels


@pytest.fixture
def random():
    return np.random.RandomState(0)


@pytest.fixture
def landmarks(random):
    points = random.uniform(-80, 80, (468, 2)) * (1, 1.3)
    points[33], points[263] = (-40, -20), (40, -20)
    turn = np.array([(np.cos(0.4), np.sin(0.4)), (-np.sin(0.4), np.cos(0.4))])
    return points @ turn + (400, 300)


@pytest.fixture(scope="module")
def smooth():
    """A picture of low frequencies, on which every sound resampling agrees."""
    y, x = np.mgrid[0:300, 0:400] + 0.5
    waves = [np.sin(x / 25), np.cos(y / 30), np.sin((x + y) / 40)]
    return (np.stack(waves, -1) * 100 + 128).round().astype(np.uint8)


def test_points_return_from_every_crop(random, landmarks):
    points = random.uniform(-500, 1500, (1000, 2))
    crops = [
        square_crop((431.7, 96.1), 317.3, 2.1, 192),
        evidence_crop(landmarks),
        arcface_crop(landmarks[:5]),
        farl_crop((30.5, 44.25, 130, 171)),
    ]
    for crop in crops:
        assert np.abs(crop.to_photo(crop.to_crop(points)) - points).max() < 1e-9
        assert crop.scale * crop.photo_scale == pytest.approx(1, abs=1e-12)


def test_square_crop_puts_its_corners_in_the_corners():
    crop = square_crop((100, 50), 40, 0, 128)
    assert np.allclose(
        crop.to_crop([(80, 30), (120, 70), (100, 50)]), [(0, 0), (128, 128), (64, 64)]
    )
    turned = square_crop((100, 50), 40, np.pi / 2, 128)
    assert np.allclose(turned.to_crop([(100, 70)]), [(128, 64)])


def test_evidence_crop_levels_centres_and_fits(landmarks):
    crop = evidence_crop(landmarks)
    points = crop.to_crop(landmarks)
    low, high = points.min(0), points.max(0)
    assert crop.size == 128
    assert points[33, 1] == pytest.approx(points[263, 1], abs=1e-9)
    assert points[33, 0] < points[263, 0]
    assert np.allclose((low + high) / 2, 64, atol=1e-9)
    assert max(high - low) == pytest.approx(128 / 1.22, abs=1e-9)


def test_evidence_crop_of_a_turned_photo_is_the_same_crop(landmarks):
    upright = evidence_crop(landmarks).to_crop(landmarks)
    turned = landmarks[:, ::-1] * (-1, 1)  # a quarter turn
    assert np.abs(evidence_crop(turned).to_crop(turned) - upright).max() < 1e-9


def test_depth_of_landmarks_is_ignored(landmarks):
    deep = np.column_stack((landmarks, np.full(468, 7.0)))
    assert np.array_equal(
        aligned_crop(deep, 192, 1.5).matrix, aligned_crop(landmarks, 192, 1.5).matrix
    )
    assert np.array_equal(five_points(deep), five_points(landmarks))


def test_similarity_finds_a_known_one(random):
    source = random.uniform(0, 100, (5, 2))
    cosine, sine = 0.7 * np.cos(2.5), 0.7 * np.sin(2.5)
    known = np.array([(cosine, -sine, 11.0), (sine, cosine, -3.0)])
    target = source @ known[:, :2].T + known[:, 2]
    assert np.abs(similarity(source, target) - known).max() < 1e-12


def test_similarity_equals_an_independent_one_on_noisy_points(random):
    for _ in range(20):
        source, target = random.uniform(0, 100, (5, 2)), random.uniform(0, 100, (5, 2))
        known = SimilarityTransform.from_estimate(source, target).params[:2]
        assert np.abs(similarity(source, target) - known).max() < 1e-9


def test_similarity_never_reflects(random):
    source = random.uniform(0, 100, (5, 2))
    assert np.linalg.det(similarity(source, source * (-1, 1))[:, :2]) > 0


def test_arcface_crop_lays_the_template_on_pixel_centres(random):
    photo_points = (ARCFACE_TEMPLATE - 50) @ np.array([(0.0, 3.0), (-3.0, 0.0)]) + (700, 400)
    crop = arcface_crop(photo_points)
    assert crop.size == 112
    assert np.abs(crop.to_crop(photo_points) - (ARCFACE_TEMPLATE + 0.5)).max() < 1e-9


def test_farl_crop_equals_the_published_three_corners():
    left, top, width, height = 120.0, 80.0, 101.0, 140.0
    size = int(1.6 * (width + height) / 2)
    centre = np.array((left + width / 2, top + height / 2)) - 0.5  # pixel centres at whole numbers
    half = size / 2
    source = centre + [(-half, -half), (-half, half), (half, -half)]
    target = np.array([(0, 0), (0, 223), (223, 0)], np.float64)
    published = similarity(source, target)
    crop = farl_crop((left, top, width, height))
    points = np.array([(3.0, 4.0), (200.0, 150.0), (-7.0, 90.0)])
    expected = (points - 0.5) @ published[:, :2].T + published[:, 2] + 0.5
    assert crop.size == 224
    assert np.abs(crop.to_crop(points) - expected).max() < 1e-9


def test_five_points_name_right_before_left(landmarks):
    points = landmarks.copy()
    points[[4, 61, 291]] = (1, 2), (3, 4), (5, 6)
    five = five_points(points)
    assert five[2:].tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize("side", [40.0, 96.0, 150.0, 250.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_cut_equals_an_independent_warp(smooth, side, angle):
    crop = square_crop((201.3, 148.9), side, angle, 96)
    inverse = np.linalg.inv(np.vstack((crop.matrix, (0, 0, 1))))
    to_whole = np.array([(1, 0, -0.5), (0, 1, -0.5), (0, 0, 1)])
    matrix = to_whole @ inverse @ np.linalg.inv(to_whole)
    expected = warp(smooth, AffineTransform(matrix), output_shape=(96, 96), order=1, mode="edge")
    inside = np.all(
        (crop.to_photo(crop_grid(96)) > 2) & (crop.to_photo(crop_grid(96)) < (398, 298)), -1
    )
    assert inside.mean() > 0.6
    assert np.abs(cut_pixels(smooth, crop) - expected)[inside].max() < 3 / 255
    plain = cut_pixels(smooth, crop, antialias=False)
    assert np.abs(plain - expected)[inside].max() < 2 / 255


def crop_grid(size):
    return np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1) + 0.5


def test_cut_of_the_whole_photo_is_the_photo(smooth):
    square = np.ascontiguousarray(smooth[:300, :300])
    whole = cut(photo_from_pixels(square, "x"), square_crop((150, 150), 300, 0, 300))
    assert whole.dtype == np.float32
    assert np.array_equal(whole, square / np.float32(255))


def test_shrinking_averages_instead_of_skipping():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = square_crop((256, 256), 500, 0, 100)
    assert np.abs(cut_pixels(stripes, crop) - 0.5).max() < 0.06
    assert np.abs(cut_pixels(stripes, crop, antialias=False) - 0.5).max() > 0.2


def test_outside_the_photo_lies_the_border():
    white = np.full((50, 50, 3), 255, np.uint8)
    crop = Crop(np.array([(1.0, 0, 25), (0, 1.0, 25)]), 100)
    for border, expected in ((0.0, 0.0), (0.5, 128 / 255)):
        picture = cut_pixels(white, crop, border)
        assert np.array_equal(picture[25:75, 25:75], np.ones((50, 50, 3)))
        assert np.allclose(picture[:24], expected, atol=1e-6)
        assert np.allclose(picture[:, 76:], expected, atol=1e-6)


def test_a_crop_beside_the_photo_is_all_border():
    white = np.full((50, 50, 3), 255, np.uint8)
    assert np.all(cut_pixels(white, square_crop((500, -300), 40, 0.3, 32), 0.0) == 0)
