"""Synthetic photos: labels that are true, pictures that repeat, sets that survive a cut."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.geometry.rotations import rotation_about
from ofer_engine.heads.camera import Camera
from ofer_engine.research.studio.backdrop import _bank
from ofer_engine.research.studio.drawing import visible_points
from ofer_engine.research.studio.framing import (
    CROP_EXTENT,
    face_square,
    random_framing,
)
from ofer_engine.research.studio.occluders import OCCLUDERS, Occluder
from ofer_engine.research.studio.patches import HIDDEN_GREY
from ofer_engine.research.studio.photo_head import PhotoHead, load_open_photo_head
from ofer_engine.research.studio.photos import ChunkWriter, PhotoPlan, main
from ofer_engine.research.studio.random_expressions import random_expression
from ofer_engine.research.studio.rasterise import vertex_normals
from ofer_engine.research.studio.scene import PICTURE_SIDE, _made_up_streaks
from ofer_engine.research.studio.studio import HIDING, Studio, StudioPhoto
from ofer_engine.research.training.photo_set import read_photo_set

HEAD = Path(__file__).parents[4] / "weights" / "open" / "head.npz"


@pytest.fixture(scope="module")
def head() -> PhotoHead:
    return load_open_photo_head(HEAD)


@pytest.fixture(scope="module")
def studio(head) -> Studio:
    return Studio(head, misfit_mm=0.0)


@pytest.fixture(scope="module")
def photos(studio) -> list[StudioPhoto]:
    return [studio.photograph(7, index) for index in range(60)]


@pytest.fixture(scope="module")
def pairs(studio) -> list[tuple[StudioPhoto, StudioPhoto]]:
    return [studio.photograph_pair(8, index) for index in range(40)]


def _same(one: StudioPhoto, other: StudioPhoto, *but: str) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in StudioPhoto.__dataclass_fields__
        if name not in but
    )


def _camera(photo: StudioPhoto) -> Camera:
    """The camera of the label."""
    return Camera(
        photo.focal,
        photo.centre.astype(float),
        photo.rotation.astype(float),
        photo.translation.astype(float),
        PICTURE_SIDE,
        PICTURE_SIDE,
    )


def test_seed_and_index_give_the_same_bits_in_any_order(head, photos):
    again = Studio(head, misfit_mm=0.0)
    assert _same(again.photograph(7, 33), photos[33])
    assert _same(again.photograph(7, 4), photos[4])
    assert not np.array_equal(again.photograph(9, 4).image, photos[4].image)


def test_what_all_studios_of_a_process_share_comes_from_a_fixed_seed():
    np.testing.assert_array_equal(_bank.__wrapped__(48), _bank(48))
    again = _made_up_streaks.__wrapped__()
    assert all(map(np.array_equal, again, _made_up_streaks()))


def test_points_are_where_the_labels_put_the_vertices(head, photos):
    """Identity, expression and camera of the label project onto the points to 0.01 px."""
    for photo in photos:
        vertices = head.surface(photo.identity, photo.expression, np.zeros(len(head.bumps)))
        camera = _camera(photo)
        seen = camera.project(head.points.on(vertices))
        np.testing.assert_allclose(photo.points, seen, atol=0.01)
        depth = -camera.to_camera(head.landmarks.on(vertices))[:, 2].mean()
        assert photo.mm_per_pixel == pytest.approx(1000 * depth / photo.focal, rel=1e-4)


def test_outline_and_irises_are_where_the_labels_put_the_head(head, photos):
    """In the picture's own pixels: on the vertices that the camera of the label sees there."""
    for photo in photos[:20]:
        vertices = head.surface(photo.identity, photo.expression, np.zeros(len(head.bumps)))
        camera = _camera(photo)
        seen = camera.project(head.irises.on(vertices))
        np.testing.assert_allclose(photo.irises, seen, atol=0.01)
        screen = camera.project(vertices)
        middle = camera.project(head.contour.middle[None])[0]
        up = photo.rotation[:2, 1] * [1, -1]
        edge, share = head.contour.seen(screen, middle, up)
        there = head.contour.on(edge, share, screen)
        # Where a ray grazes a fold, a rounding decides which side of it is the end.
        assert np.median(np.abs(photo.contour - there).max(axis=1)) < 0.01
        away = photo.contour - middle
        assert (np.linalg.norm(away, axis=1) > 8).all()


def test_ranges_are_as_promised(photos):
    names = {name: i for i, name in enumerate(ARKIT_52)}
    for photo in photos:
        assert photo.image.shape == (128, 128, 3) and photo.image.dtype == np.uint8
        assert photo.image.std() > 3
        assert 0.3 < photo.distance < 2.7
        assert photo.expression[names["mouthClose"]] <= photo.expression[names["jawOpen"]]
        inside = ((photo.points >= 0) & (photo.points < 128)).all(1)
        assert not (photo.visible & ~inside).any()
        np.testing.assert_allclose(photo.rotation @ photo.rotation.T, np.eye(3), atol=1e-5)
    occluded = np.mean([photo.occluder > 0 for photo in photos])
    assert 0.3 < occluded < 0.7


def test_a_turned_head_hides_its_far_side(head, photos):
    """Points whose skin faces away are seldom seen: only along rims, where normals are averages."""
    seen_behind, seen_before, total = 0, 0, 0
    for photo in photos:
        if photo.occluder or abs(photo.rotation[2, 0]) < 0.3:
            continue
        vertices = head.surface(photo.identity, photo.expression, np.zeros(len(head.bumps)))
        towards = -(head.points.on(vertices) @ photo.rotation.T + photo.translation)
        normal = head.points.on(vertex_normals(vertices, head.triangles)) @ photo.rotation.T
        cosine = (normal * towards).sum(1) / np.linalg.norm(towards, axis=1)
        far = vertices[head.points.triangles[:, 0], 0] * photo.rotation[2, 0] < -0.04
        seen_behind += photo.visible[far & (cosine < -0.2)].sum()
        seen_before += photo.visible[~far & (cosine > 0.2)].sum()
        total += (~far & (cosine > 0.2)).sum()
    assert total > 500
    assert seen_before / total > 0.8
    assert seen_behind < 0.02 * seen_before


def test_a_point_is_seen_unless_something_is_in_front_of_it():
    nearness = np.full((8, 8), 1.0, np.float32)
    nearness[:, 4:] = 1 / 0.9
    points = np.array(
        [
            [2, 4, 1.0],
            [2, 4, 1 / 1.003],
            [2, 4, 1 / 1.006],
            [6, 4, 1.0],
            [6, 4, 1 / 0.9],
            [4, 4, 1.0],
            [-0.1, 4, 1.0],
            [2, 8.1, 1.0],
        ],
        np.float32,
    )
    expected = [True, True, False, False, True, True, False, False]
    assert visible_points(points, nearness).tolist() == expected


def test_a_pair_differs_only_by_the_occluder(pairs):
    kinds, covering, fewer = set(), 0, 0
    for clean, occluded in pairs:
        assert _same(clean, occluded, "image", "visible", "occluder", "covered", "face_covered")
        assert clean.occluder == 0 and clean.covered == 0.0
        assert occluded.occluder > 0
        assert not (occluded.visible & ~clean.visible).any()
        if occluded.covered > 0.05:
            assert not np.array_equal(clean.image, occluded.image)
            assert occluded.visible.sum() <= clean.visible.sum()
            fewer += occluded.visible.sum() < clean.visible.sum()
            covering += 1
        kinds.add(OCCLUDERS[occluded.occluder])
    assert len(kinds) >= 6
    assert fewer > 0.8 * covering > 0  # hair may cover what shows no point


def test_what_a_patch_covers_is_hidden_and_mostly_the_run_time_grey(studio):
    grey = 0
    patched = []
    for index in range(400):
        if len(patched) == 12:
            break
        _, photo = studio.photograph_pair(22, index)
        if OCCLUDERS[photo.occluder] == Occluder.PATCH:
            patched.append(photo)
    for photo in patched:
        # A pixel alone may be of that grey by chance, in a picture without colour above all.
        flat = binary_erosion((photo.image == HIDDEN_GREY).all(2), np.ones((3, 3)))
        if flat.mean() < 0.01:
            continue
        grey += 1
        column, row = np.clip(photo.points.astype(int), 0, 127).T
        assert photo.visible[flat[row, column]].mean() < 0.02
    assert len(patched) == 12
    assert grey >= 4


def test_the_jittered_crop_scatters_about_the_run_time_crop(head):
    """Without jitter the crop is the square of the landmarks; its jitter has the promised size."""
    landmarks = head.landmarks.on(head.template)
    rotation = rotation_about("z", 20.0) @ rotation_about("y", 15.0)
    rng = np.random.default_rng(0)
    sizes, angles, centres = [], [], []
    for _ in range(300):
        framing = random_framing(rng, rotation, landmarks, np.zeros(3), 128)
        seen = framing.to_screen(framing.to_camera(landmarks))[:, :2]
        centre, side, angle = face_square(seen)
        sizes.append(np.log(128 / side))
        angles.append(angle)
        centres.append((centre - 64) / 128)
    assert np.mean(sizes) == pytest.approx(0, abs=0.015)
    assert np.std(sizes) == pytest.approx(0.05, rel=0.15)
    assert np.std(angles) == pytest.approx(0.06, rel=0.15)
    np.testing.assert_allclose(np.std(centres, 0), 0.025, rtol=0.15)


def test_the_face_square_is_level_and_margined():
    corners = np.array([[10.0, 20.0], [70.0, 80.0]])
    landmarks = np.repeat(corners[:1], 468, 0)
    landmarks[263] = corners[1]
    centre, side, angle = face_square(landmarks)
    assert angle == pytest.approx(np.pi / 4)
    assert side == pytest.approx(CROP_EXTENT * np.hypot(60, 60))
    np.testing.assert_allclose(centre, corners.mean(0))


def test_expressions_keep_the_rules():
    rng = np.random.default_rng(0)
    drawn = np.stack([random_expression(rng) for _ in range(3000)])
    names = {name: i for i, name in enumerate(ARKIT_52)}
    assert drawn.min() == 0 and drawn.max() <= 1
    assert not drawn[:, names["tongueOut"]].any()
    assert (drawn[:, names["mouthClose"]] <= drawn[:, names["jawOpen"]]).all()
    assert np.mean(~drawn.any(1)) == pytest.approx(0.25, abs=0.03)
    used = drawn.any(0)
    assert used.sum() == 51


def _writer(folder: Path, studio: Studio, **changes) -> ChunkWriter:
    plan = {"head": "ab", "surface": "open", "seed": 3, "paired": False, "misfit_mm": 0.0}
    return ChunkWriter(folder, studio, PhotoPlan(**plan | {"identities": 60} | changes))


def test_a_chunk_is_written_once_and_read_back(tmp_path, studio):
    assert _writer(tmp_path, studio).write(10, 4)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert not _writer(tmp_path, studio).write(10, 4)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    photos = read_photo_set(tmp_path)
    expected = studio.photograph(3, 12)
    assert len(photos) == 4
    np.testing.assert_array_equal(photos.images[0][2], expected.image)
    np.testing.assert_array_equal(photos.points[2], expected.points)
    np.testing.assert_array_equal(photos.visible[2], expected.visible)


def test_a_chunk_of_another_plan_is_never_mixed_in(tmp_path, studio):
    _writer(tmp_path, studio).write(0, 2)
    with pytest.raises(OferError) as caught:
        _writer(tmp_path, studio, seed=4).write(0, 2)
    assert caught.value.code == ErrorCode.BAD_REQUEST


def test_an_unfinished_chunk_does_not_count(tmp_path, studio, monkeypatch):
    def power_cut(*_):
        raise KeyboardInterrupt

    writer = _writer(tmp_path, studio)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "save", power_cut)
        writer.write(0, 2)
    with pytest.raises(OferError):
        read_photo_set(tmp_path)
    assert writer.write(0, 2)
    assert len(read_photo_set(tmp_path)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["000000"]


def test_a_truncated_chunk_is_noticed(tmp_path, studio):
    writer = _writer(tmp_path, studio)
    writer.write(0, 2)
    (tmp_path / "000000" / "images.npy").write_bytes(b"")
    with pytest.raises(OferError):
        writer.write(0, 2)


def test_pairs_from_the_command_line(tmp_path):
    common = ["--head", str(HEAD), "--out", str(tmp_path), "--seed", "5", "--paired"]
    main([*common, "--count", "3"])
    record = json.loads((tmp_path / "000000" / "complete.json").read_text())
    assert (record["seed"], record["count"], record["paired"]) == (5, 3, True)
    clean = read_photo_set(tmp_path)
    occluded = read_photo_set(tmp_path, images="images_occluded", visible="visible_occluded")
    assert len(clean) == len(occluded) == 3
    assert (occluded.visible <= clean.visible).all()
    np.testing.assert_array_equal(clean.points, occluded.points)


def test_a_missing_head_is_said(tmp_path):
    with pytest.raises(OferError) as caught:
        main(
            [
                "--head",
                str(tmp_path / "no.npz"),
                "--out",
                str(tmp_path),
                "--count",
                "1",
                "--seed",
                "1",
            ]
        )
    assert caught.value.code == ErrorCode.WEIGHTS_MISSING


def test_several_pictures_of_a_person_show_one_face_in_other_moments(studio):
    first, again = (studio.photograph_again(11, 4, moment) for moment in (0, 1))
    other = studio.photograph_again(11, 5, 0)
    np.testing.assert_array_equal(first.identity, again.identity)
    assert not np.array_equal(first.identity, other.identity)
    assert not np.array_equal(first.rotation, again.rotation)
    assert not np.array_equal(first.expression, again.expression)
    assert _same(studio.photograph_again(11, 4, 1), again)


def test_people_are_numbered_and_may_go_on_in_the_next_chunk(tmp_path):
    common = ["--head", str(HEAD), "--out", str(tmp_path), "--seed", "5", "--moments", "3"]
    main([*common, "--count", "4"])
    main([*common, "--first", "4", "--count", "2"])
    people = [np.load(tmp_path / chunk / "person.npy") for chunk in ("000000", "000004")]
    assert np.concatenate(people).tolist() == [0, 0, 0, 1, 1, 1]
    photos = read_photo_set(tmp_path)
    assert len(photos.identity.unique(dim=0)) == 2
    assert len(photos.points.flatten(1).unique(dim=0)) == 6


def test_a_wanted_share_of_the_face_is_hidden_and_the_clean_picture_is_the_pair_s(studio):
    percents, kinds, hidden = (20, 40, 60), set(), []
    for index in range(5):
        clean, *covered = studio.photograph_hidden(901, index, percents)
        assert _same(clean, studio.photograph_pair(901, index)[0])
        assert clean.face_covered == 0.0
        for photo in covered:
            assert not (photo.visible & ~clean.visible).any()
            kinds.add(OCCLUDERS[photo.occluder])
        hidden.append([photo.face_covered for photo in covered])
        assert covered[2].visible.sum() < 0.8 * clean.visible.sum()
    np.testing.assert_allclose(np.mean(hidden, 0), [0.2, 0.4, 0.6], atol=0.06)
    assert kinds == set(HIDING)


def test_heads_are_turned_as_wanted(head, studio):
    turned = Studio(head, misfit_mm=0.0, yaw=60.0)
    free = studio.photograph_pair(8, 0)[0]
    photos = [turned.photograph_pair(8, index)[0] for index in range(4)]
    for photo in photos:
        # R = roll · pitch · yaw: the head's Y axis is not turned by yaw, its X axis is.
        across = photo.rotation @ [1, 0, 0]
        up = photo.rotation @ [0, 1, 0]
        pitch = np.hypot(up[0], up[1])
        assert abs(across[2]) == pytest.approx(np.sin(np.radians(60)) * pitch, abs=1e-5)
    np.testing.assert_array_equal(photos[0].identity, free.identity)


def test_hidden_shares_from_the_command_line(tmp_path):
    common = ["--head", str(HEAD), "--out", str(tmp_path), "--seed", "5", "--yaw", "30"]
    main([*common, "--count", "2", "--hidden", "20", "60"])
    photos = read_photo_set(tmp_path, images="images_60", visible="visible_60")
    assert len(photos) == 2
    assert np.load(tmp_path / "000000" / "face_covered_20.npy").shape == (2,)
    before = (tmp_path / "000000" / "images.npy").stat().st_mtime_ns
    main([*common, "--count", "2", "--hidden", "20", "60"])
    assert (tmp_path / "000000" / "images.npy").stat().st_mtime_ns == before
