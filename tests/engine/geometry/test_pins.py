"""Pins: the closed form against sampling, and what a pin does to shape, expression and camera."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.geometry.modes import largest_modes, principal_modes
from ofer_engine.geometry.photo_pose import LandmarkedPhoto
from ofer_engine.geometry.pins import DEVIATION, IMPROBABLE, REACH, Pin, Prior
from ofer_engine.geometry.viewpoint import Viewpoint, _turn

VIEW = Viewpoint(900.0, np.array((320.0, 240.0)), _turn(np.array((0.1, -0.3, 0.05))),
                 np.array((0.01, 0.02, -0.7)))  # fmt: skip


@pytest.fixture
def shape(rng: np.random.Generator) -> np.ndarray:
    """A ball of 10 cm."""
    points = rng.normal(size=(200, 3))
    return 0.1 * points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def _modes(rng: np.random.Generator, shape: np.ndarray, count: int = 8) -> np.ndarray:
    waves = np.sin(shape @ rng.normal(0, 15, (count, 3, 1)) + rng.uniform(0, 6, (count, 1, 1)))
    return 0.002 * waves * rng.normal(size=(count, 1, 3))


def _photo(shape: np.ndarray, modes: np.ndarray, held: bool = True) -> LandmarkedPhoto:
    """Landmarks of every fourth point where they are; held : so exact that the camera stays."""
    vertices = np.arange(0, len(shape), 4)
    precision = np.full(len(vertices), 30.0 if held else 0.0)
    places = VIEW.project(shape[vertices])
    return LandmarkedPhoto(VIEW, np.zeros_like(shape), modes, vertices, places, precision)


def test_slopes_are_those_of_the_projection(shape: np.ndarray) -> None:
    step, pixels = 1e-6, VIEW.project(shape)
    for axis, moved in enumerate(np.eye(3) * step):
        metres = VIEW.metres(shape, VIEW.project(shape + moved) - pixels) / step
        assert np.abs(metres - VIEW.across(shape)[..., axis]).max() < 1e-5
    anchor = VIEW.to_camera(shape.mean(0))
    for number, pose in enumerate(np.eye(6) * step):
        turned = VIEW.moved(pose, anchor).project(shape)
        metres = VIEW.metres(shape, turned - pixels) / step
        assert np.abs(metres - VIEW.by_pose(shape, anchor)[..., number]).max() < 1e-5


def test_modes_have_the_covariance_of_what_they_were_made_of(rng: np.random.Generator) -> None:
    shapes = rng.normal(size=(40, 5, 3))
    modes = principal_modes(shapes, 15).reshape(15, -1)
    assert np.allclose(modes.T @ modes, np.cov(shapes.reshape(40, -1).T))
    assert np.allclose(modes @ modes.T, np.diag(np.diag(modes @ modes.T)))
    few = largest_modes(modes, 4)
    assert np.allclose(few, modes[:4]) or np.allclose(np.abs(few), np.abs(modes[:4]))
    assert principal_modes(shapes[:1], 4).shape == (0, 5, 3)


def test_the_closed_form_is_the_mean_of_what_samples_agree_with_the_pin(
    rng: np.random.Generator, shape: np.ndarray
) -> None:
    """Importance sampling of shapes, weighted by how well they fit one pin."""
    modes = _modes(rng, shape, 3)
    photo = _photo(shape, np.zeros((0, *shape.shape)), held=False)
    prior = Prior.of(shape, modes, [photo])
    rows, own, _ = prior.poses[0].observed(3, np.zeros(2))
    place = VIEW.project(shape[3]) + (1.5, -1.0)
    found = prior.given([Pin(3, place)]).moves
    drawn = rng.normal(size=(400_000, 3))
    poses = rng.normal(size=(400_000, 6))
    seen = drawn @ rows.T + poses @ own.T
    missed = VIEW.metres(shape[3], place - VIEW.project(shape[3]))
    weight = np.exp(-np.square(seen - missed).sum(1) / (2 * DEVIATION**2))
    mean = (weight @ drawn) / weight.sum()
    away = np.abs(found - np.tensordot(mean, modes, 1)).max()
    assert away < 0.1 * np.abs(modes).max()


def test_a_pin_comes_home_and_the_landmarks_hold_the_camera(
    rng: np.random.Generator, shape: np.ndarray
) -> None:
    modes = _modes(rng, shape)
    truth = shape + np.tensordot(rng.normal(size=len(modes)), modes, 1)
    photo = _photo(truth, np.zeros((0, *shape.shape)))
    chosen = rng.permutation(len(shape))[:20]
    pins = [Pin(int(v), VIEW.project(truth[v])) for v in chosen]
    answer = Prior.of(shape, modes, [photo]).given(pins)
    view = answer.viewpoints[0]
    for pin in pins:
        seen = view.project((shape + answer.moves)[pin.vertex])
        assert np.linalg.norm(seen - pin.place) < 1.0
    before = np.linalg.norm(truth - shape, axis=1).mean()
    after = np.linalg.norm(truth - shape - answer.moves, axis=1).mean()
    assert after < 0.6 * before


def test_two_photos_tell_more_than_one(rng: np.random.Generator, shape: np.ndarray) -> None:
    modes = _modes(rng, shape)
    truth = shape + np.tensordot(rng.normal(size=len(modes)), modes, 1)
    side = VIEW.moved(np.array((0, 1.0, 0, 0, 0, 0)), VIEW.to_camera(np.zeros(3)))
    none = np.zeros((0, *shape.shape))
    photos = [_photo(truth, none)]
    vertices = photos[0].vertices
    photos.append(LandmarkedPhoto(side, np.zeros_like(shape), none, vertices,
                            side.project(truth[vertices]), photos[0].precision))  # fmt: skip
    prior, left = Prior.of(shape, modes, photos), []
    for views in ((0,), (0, 1)):
        pins = [
            Pin(v, photos[number].viewpoint.project(truth[v]), number)
            for v in range(0, 200, 20)
            for number in views
        ]
        moves = prior.given(pins).moves
        left.append(np.linalg.norm(truth - shape - moves, axis=1).mean())
    assert left[1] < 0.8 * left[0]


def test_an_expression_of_the_photo_is_told_from_the_head(
    rng: np.random.Generator, shape: np.ndarray
) -> None:
    modes, smile = _modes(rng, shape), np.zeros((1, *shape.shape))
    smile[0, :20, 1] = 0.004
    photo = _photo(shape, smile)
    pins = [Pin(v, VIEW.project(shape[v] + 1.2 * smile[0, v])) for v in range(0, 200, 10)]
    pins += [Pin(v, VIEW.project(shape[v] + 1.2 * smile[0, v])) for v in range(1, 20)]
    answer = Prior.of(shape, modes, [photo]).given(pins)
    movement = np.abs(answer.expressions[0][:20, 1]).mean()
    assert movement > 0.003 and np.abs(answer.moves).mean() < 0.0008


def test_beyond_four_deviations_the_shape_bends_there_alone(
    rng: np.random.Generator, shape: np.ndarray
) -> None:
    modes = _modes(rng, shape)
    prior = Prior.of(shape, modes, [_photo(shape, np.zeros((0, *shape.shape)))])
    place = VIEW.project(shape[3]) + (80.0, 0.0)
    answer = prior.given([Pin(3, place)])
    assert answer.bent.all() and answer.deviations[0] > IMPROBABLE
    seen = answer.viewpoints[0].project((shape + answer.moves)[3])
    assert np.linalg.norm(seen - place) < 1.0
    share = np.square(IMPROBABLE / answer.deviations[0])
    start = answer.viewpoints[0].project(shape[3])
    gentle = prior.given([Pin(3, VIEW.project(shape[3]) + (80.0 * share, 0.0))])
    assert not gentle.bent.any() and np.linalg.norm(start - place) > 1
    far = np.linalg.norm(shape - shape[3], axis=1) > 0.08
    assert np.abs(answer.moves - gentle.moves)[far].max() < 5e-4


def test_what_bends_does_so_as_the_shapes_vary(shape: np.ndarray) -> None:
    """The upper half of a ball varies in width, the lower hardly: a point of the upper half that is
    pulled far out brings its neighbours along, but none of the lower half, however near."""
    varies = np.clip(shape[:, 2] / 0.01, 0, 1)
    modes = np.zeros((2, *shape.shape))
    modes[0, :, 0] = 0.003 * varies
    modes[1, :, 0] = 2e-5
    prior = Prior.of(shape, modes, [_photo(shape, np.zeros((0, *shape.shape)))])
    upper = np.flatnonzero(varies == 1)
    point = int(upper[np.argmax(shape[upper, 0])])
    answer = prior.given([Pin(point, VIEW.project(shape[point] + (0.03, 0, 0)))])
    share = np.square(IMPROBABLE / answer.deviations[0])
    gentle = prior.given([Pin(point, VIEW.project(shape[point] + (0.03 * share, 0, 0)))])
    assert answer.bent.all()
    bend = np.linalg.norm(answer.moves - gentle.moves, axis=1)
    away = np.linalg.norm(shape - shape[point], axis=1)
    along = (varies == 1) & (away < 0.04)
    assert along.sum() > 2 and bend[along].min() > 0.25 * bend[point]
    lower = (varies == 0) & (away > 0.04) & (away < 0.05)
    assert lower.any() and bend[lower].max() < 0.02 * bend[point]
    assert bend[away > REACH].max() < 5e-4


def test_the_less_probable_a_pin_the_less_it_says_of_the_rest(
    rng: np.random.Generator, shape: np.ndarray
) -> None:
    prior = Prior.of(shape, _modes(rng, shape), [_photo(shape, np.zeros((0, *shape.shape)))])
    far = np.linalg.norm(shape - shape[3], axis=1) > REACH
    moved, apart = [], []
    for pixels in np.linspace(1.0, 80.0, 30):
        answer = prior.given([Pin(3, VIEW.project(shape[3]) + (pixels, 0.0))])
        moved.append(np.abs(answer.moves[far]).max())
        apart.append(answer.deviations[0])
    most = int(np.argmax(moved))
    assert abs(apart[most] - IMPROBABLE) < 1.0
    assert np.all(np.diff(moved[: most + 1]) > 0) and np.all(np.diff(moved[most + 1 :]) < 0)
    wanted = np.square(IMPROBABLE / apart[-1]) * apart[-1] / IMPROBABLE
    assert abs(moved[-1] / moved[most] / wanted - 1) < 0.25
