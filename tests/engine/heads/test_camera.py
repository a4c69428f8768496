"""The camera against its definition, and its pose against known cameras."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.camera import Camera, default_focal, focal_at, solve_camera

SIZE = (1000, 800)
CENTRE = (500.0, 400.0)


def straight(focal: float = 1000.0, distance: float = 0.5) -> Camera:
    return Camera(focal, np.array(CENTRE), np.eye(3), np.array((0, 0, -distance)), *SIZE)


def test_projection_follows_the_frames():
    seen = straight().project([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0), (0.1, 0, 0.25)])
    assert np.allclose(seen, [(500, 400), (700, 400), (500, 200), (900, 400)], atol=1e-9)


def test_projection_keeps_the_shape_of_its_points():
    assert straight().project(np.zeros((4, 7, 3))).shape == (4, 7, 2)


def test_json_returns_every_bit():
    rotation = Rotation.from_rotvec((0.1, 0.2, 0.3)).as_matrix()
    camera = Camera(
        1234.56789, np.array((1 / 3, 2 / 7)), rotation, np.array((0.1, -0.2, -0.7)), *SIZE
    )
    again = Camera.from_json(json.loads(json.dumps(camera.to_json())))
    assert (again.focal, again.width, again.height) == (camera.focal, *SIZE)
    for name in ("centre", "rotation", "translation"):
        assert np.array_equal(getattr(again, name), getattr(camera, name))


def test_default_focal_is_a_50_mm_lens_over_the_diagonal():
    assert default_focal(3600, 2400) == pytest.approx(5000)
    assert default_focal(2400, 3600) == default_focal(3600, 2400)


def random_view(random: np.random.RandomState) -> tuple[np.ndarray, Camera]:
    """A face-sized cloud of points, and a camera from 0.3 to 3 m away."""
    points = random.normal(size=(240, 3)) * (0.05, 0.07, 0.03) + random.normal(size=3) * 0.02
    rotation = Rotation.from_rotvec(random.normal(size=3) * (0.5, 0.8, 0.6)).as_matrix()
    distance = np.exp(random.uniform(np.log(0.3), np.log(3)))
    translation = np.array((*(random.normal(size=2) * 0.1), -distance))
    focal = random.uniform(600, 3000)
    return points, Camera(focal, np.array(CENTRE), rotation, translation, *SIZE)


@pytest.mark.parametrize("start", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(10))
def test_the_focal_length_is_found_from_the_distance_of_a_place(seed, start):
    random = np.random.RandomState(seed)
    points, camera = random_view(random)
    place = np.array((0.0, 0.02, -0.08))
    distance = -float(camera.to_camera(place)[2])
    given = camera.project(points), np.ones(len(points))
    found = focal_at(distance, place, points, *given, start * camera.focal, CENTRE, SIZE)
    assert found == pytest.approx(camera.focal, rel=0.01)


@pytest.mark.parametrize("seed", range(40))
def test_a_known_camera_is_found_despite_outliers_without_weight(seed):
    random = np.random.RandomState(seed)
    points, camera = random_view(random)
    image = camera.project(points)
    outliers = random.rand(len(points)) < 0.2
    image[outliers] += random.normal(size=(outliers.sum(), 2)) * 200
    weights = np.where(outliers, 0, random.uniform(0.1, 1, len(points)))
    found = solve_camera(points, image, weights, camera.focal, CENTRE, SIZE)
    assert np.abs(found.rotation - camera.rotation).max() < 1e-6
    assert np.abs(found.translation - camera.translation).max() < 1e-6
    assert (found.focal, found.width, found.height) == (camera.focal, *SIZE)


def test_noise_moves_the_camera_as_little_as_theory_allows():
    random = np.random.RandomState(1)
    points, camera = random_view(random)
    angles = []
    for _ in range(50):
        image = camera.project(points) + random.normal(size=(240, 2))
        found = solve_camera(points, image, np.ones(240), camera.focal, CENTRE, SIZE)
        angles.append(Rotation.from_matrix(found.rotation @ camera.rotation.T).magnitude())
    # One pixel of noise against a face of focal * 0.07 / distance pixels, 240 points.
    size = camera.focal * 0.07 / -camera.translation[2]
    assert np.sqrt(np.mean(np.square(angles))) < 6 / size / np.sqrt(240)


def test_weights_decide_between_two_answers():
    random = np.random.RandomState(2)
    points, camera = random_view(random)
    other = Camera(
        camera.focal, camera.centre, camera.rotation, camera.translation + (0.02, 0, 0), *SIZE
    )
    image = np.concatenate((camera.project(points), other.project(points)))
    weights = np.repeat((1.0, 1e-9), 240)
    found = solve_camera(
        np.concatenate((points, points)), image, weights, camera.focal, CENTRE, SIZE
    )
    assert np.abs(found.translation - camera.translation).max() < 1e-6


def test_rotations_stay_rotations():
    random = np.random.RandomState(4)
    for _ in range(20):
        points, image = random.normal(size=(30, 3)) * 0.1, random.uniform(0, 800, (30, 2))
        found = solve_camera(points, image, np.ones(30), 1000, CENTRE, SIZE)
        assert np.abs(found.rotation @ found.rotation.T - np.eye(3)).max() < 1e-12
        assert np.linalg.det(found.rotation) == pytest.approx(1)


def test_points_in_a_plane_have_a_camera_too():
    random = np.random.RandomState(5)
    points, camera = random_view(random)
    points[:, 2] = 0
    found = solve_camera(points, camera.project(points), np.ones(240), camera.focal, CENTRE, SIZE)
    assert np.abs(found.project(points) - camera.project(points)).max() < 1e-6


@pytest.mark.parametrize("fault", ["few", "nan", "infinite weight"])
def test_points_that_have_no_camera(fault):
    random = np.random.RandomState(6)
    points, camera = random_view(random)
    image, weights = camera.project(points), np.ones(240)
    if fault == "few":
        weights[5:] = 0
    elif fault == "nan":
        image[3] = np.nan
    else:
        weights[0] = np.inf
    with pytest.raises(OferError) as caught:
        solve_camera(points, image, weights, camera.focal, CENTRE, SIZE)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert caught.value.hint
