"""Iris points lie on the eyeballs and look where the eyes look."""

import numpy as np
import pytest

from ofer_engine.geometry.surface_points import SurfacePoints
from ofer_engine.geometry.triangles import triangulate
from ofer_engine.heads.iris import AROUND, RADIUS, iris_points
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED

HEAD = OpenHead.load(BUNDLED / "open" / "head.npz")
EYES = tuple(triangulate(HEAD.part_polygons(name)) for name in ("eye_left", "eye_right"))
CENTRES = HEAD.mean_joints[[HEAD.joint_names.index(name) for name in ("eye_L", "eye_R")]]


@pytest.fixture(scope="module")
def irises() -> SurfacePoints:
    return iris_points(HEAD.template, EYES, CENTRES)


def test_five_points_an_eye_left_first(irises):
    places = irises.on(HEAD.template).reshape(2, len(AROUND), 3)
    assert (places[0, :, 0] > 0).all() and (places[1, :, 0] < 0).all()
    np.testing.assert_allclose(places[:, 0, :2], CENTRES[:, :2], atol=1e-6)
    aside = places[:, 1:, :2] - CENTRES[:, None, :2]
    np.testing.assert_allclose(aside, np.tile(np.array(AROUND[1:]) * RADIUS, (2, 1, 1)), atol=1e-6)


def test_they_lie_on_the_front_of_the_eyeball(irises):
    away = irises.on(HEAD.template).reshape(2, -1, 3) - CENTRES[:, None]
    assert (away[..., 2] > 0.01).all()
    assert np.ptp(np.linalg.norm(away, axis=2)) < 0.0015


def test_they_move_with_the_gaze(irises):
    looking = np.zeros(52, np.float32)
    looking[HEAD.expression_names.index("eyeLookOutLeft")] = 1.0
    looking[HEAD.expression_names.index("eyeLookInRight")] = 1.0
    still = irises.on(HEAD.template)
    moved = irises.on(HEAD.vertices(np.zeros(60), looking))
    assert (moved - still)[:, 0].min() > 0.003


def test_a_head_without_eyeballs_has_none():
    nothing = np.zeros((0, 3), np.int32)
    assert iris_points(HEAD.template, (nothing, nothing), CENTRES).on(HEAD.template).shape == (0, 3)
