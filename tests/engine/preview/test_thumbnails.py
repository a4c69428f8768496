"""Thumbnails and overlays: the head is where the camera says, and pictures are repeatable."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.camera import Camera
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.heads.teeth import Teeth
from ofer_engine.preview.overlay import cropped, overlay
from ofer_engine.preview.thumbnails import Look, picturable, render, thumbnail, thumbnail_camera

HEAD = Path(__file__).parents[3] / "weights" / "open" / "head.npz"


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(HEAD)


@pytest.fixture(scope="module")
def look(head) -> Look:
    return Look.of_head(head)


def _facing(distance: float, focal: float, size: tuple[int, int], centre) -> Camera:
    return Camera(focal, np.array(centre), np.eye(3), np.array([0, -0.05, -distance]), *size)


def test_a_thumbnail_is_a_png_of_the_asked_size_and_the_same_every_time(head, look):
    picture = thumbnail(head.template, look, 96)
    assert picture == thumbnail(head.template, look, 96)
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (96, 96), "RGB")


def test_all_heads_share_one_camera(head, look):
    """The camera depends on the model alone, so a larger head looks larger."""
    large = render(head.template * 1.1, look, thumbnail_camera(look, 96))[..., 3].sum()
    small = render(head.template * 0.9, look, thumbnail_camera(look, 96))[..., 3].sum()
    assert large > small * 1.1


def test_faces_fill_their_picture_from_the_front(head, look):
    camera = thumbnail_camera(look, 192)
    seen = camera.to_camera(head.template)
    points = seen[:, :2] * (camera.focal / -seen[:, 2:]) * (1, -1) + camera.centre
    face = points[head.face]
    assert (face >= 0).all() and (face <= 192).all()
    assert np.ptp(face[:, 1]) > 0.6 * 192
    left, right = (points[look.gaze[:, 0] * side > 0].mean(0) for side in (1, -1))
    assert abs((points[head.region("nose") > 0.9].mean(0))[0] - 96) < 12
    assert abs(left[1] - right[1]) < 6


def test_the_silhouette_is_where_the_camera_projects_the_vertices(head, look):
    camera = _facing(0.9, 260, (160, 120), (70, 50))
    coverage = render(head.template, look, camera)[..., 3]
    seen = camera.project(head.template)
    rows, columns = np.nonzero(coverage > 0.5)
    assert abs(columns.min() - seen[:, 0].min()) < 1.5
    assert abs(columns.max() + 1 - seen[:, 0].max()) < 1.5
    assert abs(rows.min() - seen[:, 1].min()) < 1.5


def test_eyes_have_pupils_in_the_middle_of_whites(head, look):
    camera = _facing(0.6, 900, (400, 400), (200, 200))
    picture = render(head.template, look, camera)[..., :3]
    for name in ("eye_L", "eye_R"):
        joint = head.joints(np.zeros(head.identity.shape[0]))[head.joint_names.index(name)]
        column, row = camera.project(joint).astype(int)
        pupil = picture[row - 2 : row + 3, column - 2 : column + 3].mean()
        white = picture[row - 2 : row + 3, column + 12 : column + 16].mean()
        assert pupil < 0.15
        assert white > 3 * pupil


def test_teeth_shine_and_the_mouth_behind_them_is_dark(head, look):
    weights = {"jawOpen": 0.6, "mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
    smile = head.vertices(np.zeros(3), np.array([weights.get(name, 0.0) for name in ARKIT_52]))
    smile = Teeth.of(head).withdrawn(smile)
    lips = smile[head.region("lips") > 0.5]
    camera = Camera(1500, np.array([200, 200]), np.eye(3), [0, 0, -0.6] - lips.mean(0), 400, 400)
    teeth = np.unique(head.part_polygons("teeth_upper")[:, :3])
    edge = smile[teeth[np.abs(smile[teeth, 0] - 0.004) < 0.0008]]  # two teeth meet in the middle
    column, row = camera.project(edge[edge[:, 1].argmin()]).astype(int)
    picture = render(smile, look, camera)[..., :3].mean(2)
    assert picture[row - 4 : row, column].min() > 0.6
    assert picture[row : row + 12, column - 60 : column + 60].min() < 0.12


def test_overlay_leaves_the_photo_alone_outside_the_head(head, look):
    photo = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    camera = _facing(0.9, 260, (160, 120), (70, 50))
    coverage = render(head.template, look, camera)[..., 3]
    laid = overlay(photo, head.template, look, camera)
    np.testing.assert_array_equal(laid[coverage == 0], photo[coverage == 0])
    assert (laid[coverage == 1] != photo[coverage == 1]).any(1).mean() > 0.9


def test_a_cropped_camera_sees_the_same_points_in_the_cut(head):
    camera = _facing(0.9, 1300, (800, 600), (390, 310))
    part = cropped(camera, (100.0, 50.0, 500.0, 450.0), 200)
    expected = (camera.project(head.template) - (100, 50)) / 2
    np.testing.assert_allclose(part.project(head.template), expected, atol=1e-9)
    assert (part.width, part.height) == (200, 200)


def test_a_head_without_eyes_is_shown_whole():
    corners = np.array([[-0.1, -0.1, 0], [0.1, -0.1, 0], [0.1, 0.1, 0], [-0.1, 0.1, 0]], np.float32)
    look = Look.of_parts(corners, np.array([[0, 1, 2, 3]]), np.array([0]), ("skin",))
    coverage = render(corners, look, thumbnail_camera(look, 64))[..., 3]
    assert not coverage[[0, -1]].any()
    assert coverage.mean() > 0.5


@pytest.mark.parametrize("spoiled", [300.0, np.inf, np.nan], ids=["huge", "infinite", "NaN"])
def test_a_head_that_no_picture_can_show_leaves_the_picture_empty(head, spoiled):
    look = Look.of_head(head)
    rng = np.random.default_rng(0)
    vertices = rng.standard_normal(head.template.shape).astype(np.float32) * np.float32(spoiled)
    assert not picturable(vertices, look)
    assert not render(vertices, look, thumbnail_camera(look, 64)).any()
    assert picturable(head.template, look)


def test_triangles_between_any_vertices_are_no_surface_to_picture(head):
    look = Look.of_head(head)
    soup = np.random.default_rng(0).integers(0, len(head.template), look.triangles.shape)
    soup = dataclasses.replace(look, triangles=soup)
    assert not picturable(head.template, soup)
    assert not render(head.template, soup, thumbnail_camera(soup, 64)).any()
