"""Skins off portraits: a face of known colour under known light gives its colour back."""

from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.camera import Camera
from ofer_engine.research.harmonics import harmonics
from ofer_engine.research.studio.complexion import FaceFields
from ofer_engine.research.studio.photo_head import PhotoHead, load_open_photo_head
from ofer_engine.research.studio.rasterise import (
    NO_TRIANGLE,
    draw_triangles,
    interpolate,
    vertex_normals,
)
from ofer_engine.research.wardrobe.build import KEPT_FOR_MEASURING, _to_learn_from, plain_skin
from ofer_engine.research.wardrobe.chart import HEIGHT, WIDTH, Chart, place_on_chart
from ofer_engine.research.wardrobe.light import light_of
from ofer_engine.research.wardrobe.portraits import FittedPortrait, PortraitReading, fit_portrait
from ofer_engine.research.wardrobe.unwarp import extend, unwarp

HEAD = Path(__file__).parents[4] / "weights" / "open" / "head.npz"
SIDE = 300
TONE = np.array([0.5, 0.3, 0.2])


@pytest.fixture(scope="module")
def head() -> PhotoHead:
    return load_open_photo_head(HEAD)


@pytest.fixture(scope="module")
def fields(head) -> FaceFields:
    return FaceFields.of(head)


def _portrait(head: PhotoHead, colours: np.ndarray, light: np.ndarray) -> FittedPortrait:
    """The mean head from the front: colours (V, 3) linear under harmonics `light` (9,)."""
    camera = Camera(
        2000.0, np.array([SIDE / 2, SIDE / 2]), np.eye(3), np.array([0.0, 0.0, -1.5]), SIDE, SIDE
    )
    local = camera.to_camera(head.template).astype(np.float32)
    screen = np.c_[camera.project(head.template), -1 / local[:, 2]].astype(np.float32)
    nearness = np.zeros((SIDE, SIDE), np.float32)
    seen = np.full((SIDE, SIDE), NO_TRIANGLE, np.int32)
    draw_triangles(screen, head.triangles, nearness, seen)
    shown = colours * (harmonics(vertex_normals(local, head.triangles)) @ light)[:, None]
    picture = np.zeros((SIDE, SIDE, 3), np.float32)
    interpolate(screen, head.triangles, shown.astype(np.float32), seen, picture)
    pixels = (np.clip(picture, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)
    return FittedPortrait(
        pixels, head.template, camera, camera.project(head.template).astype(np.float32), 0.0
    )


def test_light_is_taken_out_and_colour_stays(head, fields):
    """A skin of one tone with dark brows, lit from one side: flat on the chart, brows dark."""
    light = np.array([1.0, 0.45, 0.25, 0.2, 0, 0.1, 0, 0, 0])
    colours = TONE * np.where(head.brows > 0.5, 0.3, 1.0)[:, None]
    plain = plain_skin(head, fields).astype(np.float32)
    chart = Chart.of(head, fields)
    skin = unwarp(_portrait(head, colours, light), head, chart, plain)
    assert skin.albedo.shape == (HEIGHT, WIDTH, 3)
    known = skin.weight > 0.9
    bare = known & (chart.spread(plain[:, None])[..., 0] > 0.95)
    brow = known & (chart.spread(head.brows[:, None])[..., 0] > 0.95)
    flat = skin.albedo[bare] / skin.tone
    assert np.abs(np.log(flat)).mean() < 0.06
    np.testing.assert_allclose(skin.tone / skin.tone.sum(), TONE / TONE.sum(), atol=0.02)
    assert np.median(skin.albedo[brow] / skin.tone) < 0.45
    left, right = flat[:, 0][: len(flat) // 2].mean(), flat[:, 0][len(flat) // 2 :].mean()
    assert abs(left / right - 1) < 0.05


def test_what_was_not_seen_is_filled(head, fields):
    plain = plain_skin(head, fields).astype(np.float32)
    light = np.array([1.0, 0, 0, 0.3, 0, 0, 0, 0, 0])
    colours = np.broadcast_to(TONE, (len(head.template), 3))
    skin = unwarp(_portrait(head, colours, light), head, Chart.of(head, fields), plain)
    assert (skin.weight < 0.01).mean() > 0.2
    assert np.isfinite(skin.albedo).all()
    assert np.abs(np.log(skin.albedo / skin.tone))[skin.weight < 0.01].mean() < 0.1


def test_a_portrait_is_fitted_where_its_points_are(head):
    """Points and landmarks of a known person under a known camera: the fit lands on them."""
    rng = np.random.default_rng(2)
    identity = rng.normal(size=len(head.identity)).astype(np.float32)
    surface = head.surface(identity, np.zeros(52), np.zeros(len(head.bumps)))
    turn = np.array([[np.cos(0.2), 0, np.sin(0.2)], [0, 1, 0], [-np.sin(0.2), 0, np.cos(0.2)]])
    camera = Camera(1500.0, np.array([112.0, 137.0]), turn, np.array([0.0, 0.0, -1.5]), 225, 275)
    reading = PortraitReading(
        pixels=np.zeros((275, 225, 3), np.uint8),
        landmarks=camera.project(head.landmarks.on(surface)),
        points=camera.project(head.points.on(surface)),
        weight=np.ones(len(head.points.triangles)),
        identity=0.8 * identity.astype(float),
        expression=np.zeros(52, np.float32),
    )
    fitted = fit_portrait(reading, head)
    front = surface[:, 2] > 0.06
    gap = np.linalg.norm(fitted.seen - camera.project(surface), axis=1)
    assert np.median(gap[front]) < 0.6
    assert fitted.off < 0.01


def test_a_smooth_continuation_keeps_a_constant_and_meets_what_is_known():
    values = np.zeros((64, 64, 1))
    values[:, 32:] = 1.0
    weight = np.zeros((64, 64))
    weight[20:44, 8:56] = 1.0
    whole = extend(values, weight)
    assert whole.min() >= -1e-6 and whole.max() <= 1 + 1e-6
    assert whole[32, 2, 0] < 0.05 and whole[32, 62, 0] > 0.95
    np.testing.assert_allclose(extend(np.ones((64, 64, 1)), weight), 1.0, atol=1e-5)


def test_portraits_kept_for_measuring_are_never_read(tmp_path):
    for number in (3, KEPT_FOR_MEASURING - 1, KEPT_FOR_MEASURING, 878):
        (tmp_path / f"portrait_{number:03d}.jpg").write_bytes(b"")
    names = [path.stem for path in _to_learn_from(tmp_path)]
    assert names == ["portrait_003", f"portrait_{KEPT_FOR_MEASURING - 1}"]


def test_a_folder_without_portraits_is_said(tmp_path):
    with pytest.raises(OferError) as caught:
        list(_to_learn_from(tmp_path))
    assert caught.value.code == ErrorCode.BAD_REQUEST


def test_the_chart_is_symmetric_and_holds_the_face(head, fields):
    place = place_on_chart(head, fields)
    marks = head.landmarks.on(place)
    assert (marks > 0.02).all() and (marks < 0.98).all()
    np.testing.assert_allclose(marks[33, 0] + marks[263, 0], 1.0, atol=0.01)
    np.testing.assert_allclose(marks[33, 1], marks[263, 1], atol=0.01)
    assert marks[10, 1] < marks[152, 1]


def test_light_of_a_place_is_what_its_panorama_sheds():
    """A sun on a dim gradient: lamp and rest together light a surface as the panorama does."""
    height = 64
    down = (np.arange(height) + 0.5) / height * np.pi
    panorama = np.repeat((1 + np.cos(down))[:, None, None], 2 * height, 1) * np.ones(3)
    panorama[18:20, 70:72] = 600.0
    place = light_of(panorama)
    around = (np.arange(2 * height) + 0.5) / height * np.pi
    ring = np.sin(down)[:, None]
    ways = np.stack(
        np.broadcast_arrays(
            ring * np.sin(around), np.cos(down)[:, None], ring * np.cos(around)
        ), -1,
    )  # fmt: skip
    solid = np.broadcast_to(ring * (np.pi / height) ** 2, panorama.shape[:2])
    scale = 4 * np.pi / (panorama[..., 0] * solid).sum()
    normals = np.array([[0, 1, 0], [0.6, 0.8, 0], [-0.6, 0, -0.8], [0, 0, 1.0], [0, -1, 0]])
    for normal in normals:
        truth = (np.clip(ways @ normal, 0, None) * solid * panorama[..., 0]).sum() * scale / np.pi
        lamps = place.lamps[0]
        shading = harmonics(normal) @ place.ambient[0][:, 0]
        shading += (np.clip(lamps[:, :3] @ normal, 0, None) * lamps[:, 3]).sum()
        assert shading == pytest.approx(truth, abs=0.06)
    sun = ways[18:20, 70:72].mean((0, 1))
    assert place.lamps[0, 0, :3] @ sun > 0.99
    quarter = len(place.lamps) // 4
    np.testing.assert_allclose(place.lamps[quarter, 0, :3], [sun[2], sun[1], -sun[0]], atol=0.02)
