"""People dressed from a wardrobe: true labels, skins where they belong, cards that follow."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.heads.identity_prior import IdentityPrior
from ofer_engine.research.studio.ages import Age, Ages
from ofer_engine.research.studio.cards import draw_card
from ofer_engine.research.studio.complexion import FaceFields
from ofer_engine.research.studio.framing import random_framing
from ofer_engine.research.studio.photo_head import SKIN, PhotoHead, load_open_photo_head
from ofer_engine.research.studio.photos import main
from ofer_engine.research.studio.rasterise import Surfels
from ofer_engine.research.studio.studio import Studio, StudioPhoto
from ofer_engine.research.studio.wardrobe import Wardrobe
from ofer_engine.research.training.photo_set import read_photo_set
from ofer_engine.research.wardrobe.chart import place_on_chart

HEAD = Path(__file__).parents[4] / "weights" / "open" / "head.npz"
ROWS, COLUMNS = 36, 48
LIPS_RED = np.array([200, 20, 20])


@pytest.fixture(scope="module")
def head() -> PhotoHead:
    return load_open_photo_head(HEAD)


def _card(head: PhotoHead) -> dict[str, np.ndarray]:
    """A square of 4 cm before the crown, that follows the twelve highest vertices."""
    crown = np.argsort(-head.template[:, 1] * (head.material == SKIN))[:12]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.02
    rest = head.template[crown].mean(0) + np.c_[corners, np.full(4, 0.03)]
    texture = np.full((8, 8, 2), 255, np.uint8)
    texture[:, :4, 1] = 0
    card = {
        "rest": rest.astype(np.float32),
        "triangles": np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        "uv": np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32) * 0.99,
        "anchors": np.tile(crown, (4, 1)).astype(np.int32),
        "weights": np.full((4, 12), 1 / 12, np.float32),
        "texture": texture,
    }
    return {"template": head.template} | {f"{name}_0": array for name, array in card.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, head) -> Path:
    """A wardrobe of two grey skins with red lips, one card each, one place and flat backdrops."""
    folder = tmp_path_factory.mktemp("wardrobe")
    chart = place_on_chart(head, FaceFields.of(head))
    skins = np.full((2, ROWS, COLUMNS, 3), 150, np.uint8)
    lips = (chart[head.lips > 0.9] * [COLUMNS, ROWS]).astype(int)
    skins[:, lips[:, 1], lips[:, 0]] = LIPS_RED
    np.save(folder / "skins.npy", skins)
    np.savez(
        folder / "skins.npz", tone=np.full((2, 3), 0.3, np.float32),
        hair=np.full((2, 3), 0.05, np.float32), chart=chart, rough=np.array([0.2, 0.1]),
    )  # fmt: skip
    for kind in ("hair", "lashes"):
        np.savez(folder / f"{kind}.npz", allow_pickle=False, **_card(head))
    np.save(folder / "irises.npy", np.full((1, 16, 16, 3), 90, np.uint8))
    ambient = np.zeros((1, 2, 9, 3), np.float32)
    ambient[:, :, 0] = 0.7
    np.savez(folder / "light.npz", ambient=ambient, lamps=np.zeros((1, 2, 3, 6), np.float32))
    for bank in ("portraits", "places"):
        np.save(folder / f"backdrops_{bank}.npy", np.full((2, 64, 64, 3), 120, np.uint8))
    return folder


@pytest.fixture(scope="module")
def wardrobe(folder, head) -> Wardrobe:
    return Wardrobe.read(folder, head)


@pytest.fixture(scope="module")
def dressed(head, wardrobe) -> list[StudioPhoto]:
    studio = Studio(head, 0.5, wardrobe=wardrobe, side=192)
    return [studio.photograph(4, index) for index in range(8)]


def test_a_wardrobe_without_a_file_is_said(tmp_path, head):
    with pytest.raises(OferError) as caught:
        Wardrobe.read(tmp_path, head)
    assert caught.value.code == ErrorCode.WEIGHTS_MISSING


def test_clothes_change_no_label(head, dressed):
    """The points are where identity, expression, misfit and camera put them, at 128 px."""
    for photo in dressed:
        vertices = head.surface(photo.identity, photo.expression, photo.misfit)
        local = head.points.on(vertices) @ photo.rotation.T + photo.translation
        flat = local[:, :2] / -local[:, 2:] * photo.focal * [1, -1] + photo.centre
        np.testing.assert_allclose(photo.points, flat, atol=0.01)
        assert photo.image.shape == (128, 128, 3) and photo.closer.shape == (192, 192, 3)
        column, row = np.clip(photo.points.astype(int), 0, 127).T
        assert photo.visible.sum() < len(photo.visible)
        assert np.abs(photo.image[row, column].astype(int)).max() > 0


def test_the_closer_picture_shows_the_same(dressed):
    for photo in dressed:
        closer, image = _coarse(photo.closer), _coarse(photo.image)
        assert np.abs(closer - image)[1:-1, 1:-1].mean() < 1.5


def _coarse(picture: np.ndarray) -> np.ndarray:
    """(16, 16, 3) block means of a picture (S, S, 3)."""
    block = len(picture) // 16
    return picture.reshape(16, block, 16, block, 3).astype(float).mean((1, 3))


def test_the_same_seed_gives_the_same_dressed_bits(head, wardrobe, dressed):
    again = Studio(head, 0.5, wardrobe=wardrobe, side=192).photograph(4, 5)
    assert np.array_equal(again.closer, dressed[5].closer)
    assert np.array_equal(again.image, dressed[5].image)


def test_a_skin_is_seen_where_it_belongs(head, wardrobe):
    """Red lips of the chart come out at the lips of the picture, whoever it is."""
    bare = replace(wardrobe, hair_share=np.ones(1))
    studio = Studio(head, 0.5, wardrobe=bare)
    shown, redder = 0, 0
    for index in range(30):
        photo = studio.photograph(6, index)
        if photo.occluder or np.ptp(photo.image.astype(int), axis=2).max() < 8:
            continue
        lips = head.lips[head.points.triangles[:, 0]] > 0.9
        seen = lips & photo.visible
        skin = ~lips & photo.visible
        if seen.sum() < 5:
            continue
        column, row = photo.points.astype(int).T
        ratio = np.log((photo.image[..., 0] + 20.0) / (photo.image[..., 1] + 20.0))[row, column]
        shown += 1
        redder += np.median(ratio[seen]) > np.median(ratio[skin]) + 0.1
    assert shown >= 5
    assert redder >= 0.9 * shown


def test_a_mixed_skin_is_of_one_tone(wardrobe):
    """Whoever lends a half, its colour is brought to the first person's."""
    skins = np.stack([np.full((ROWS, COLUMNS, 3), level, np.uint8) for level in (180, 90)])
    tones = (np.array([180, 90]) / 255.0) ** 2.2
    mixed = replace(wardrobe, skins=skins, tones=np.repeat(tones[:, None], 3, 1).astype(np.float32))
    rng = np.random.default_rng(3)
    for _ in range(20):
        skin, tone, _ = mixed.mixed_skin(rng, Age.ADULT)
        np.testing.assert_allclose(skin, np.broadcast_to(tone, skin.shape), rtol=0.02)


def test_children_wear_smooth_skins_and_old_people_rough_ones(wardrobe):
    skins = np.stack([np.full((ROWS, COLUMNS, 3), 40 + 20 * row, np.uint8) for row in range(10)])
    rough = np.random.default_rng(1).permutation(10)
    many = replace(
        wardrobe, skins=skins, smoothest=np.argsort(rough), tones=np.full((10, 3), 0.3),
        hairs=np.arange(30.0).reshape(10, 3),
    )  # fmt: skip
    for age, allowed in (
        (Age.CHILD, {0, 1}),
        (Age.OLD, {5, 6, 7, 8, 9}),
        (Age.ADULT, set(range(10))),
    ):
        worn = set()
        for seed in range(60):
            _, tone, hair = many.mixed_skin(np.random.default_rng(seed), age)
            shift = tone / 0.3
            worn.add(int(rough[int(round(hair[0] / shift[0] / 3))]))
        assert worn == allowed


def test_ages_are_told_by_the_group_that_people_are_drawn_from(head):
    rng = np.random.default_rng(0)
    count = 12
    means = np.zeros((3, count), np.float32)
    means[0, 0], means[1, 0], means[2, 1] = -3, 3, 4
    factors = np.stack([np.eye(count, dtype=np.float32) * scale for scale in (1.0, 0.6, 0.8)])
    prior = IdentityPrior(
        ("adults", "children", "old"), np.array([0.6, 0.2, 0.2], np.float32), means, factors
    )
    ages = Ages(prior)
    for name in prior.names:
        in_group = [ages.of(person) == name for person in prior.people_of(name, rng, 60)]
        assert np.mean(in_group) > 0.9
    assert Ages(head.prior).of(head.prior.draw(rng)) == Age.ADULT


def test_a_card_follows_its_anchors_and_has_holes(head, wardrobe):
    card = wardrobe.hair[0]
    moved = head.template + np.array([0.01, 0.02, 0.0], np.float32)
    still, gone = (card.on(head.places.on(v)) for v in (head.template, moved))
    np.testing.assert_allclose(gone - still, np.tile([0.01, 0.02, 0.0], (4, 1)), atol=1e-6)
    framing = random_framing(
        np.random.default_rng(1), np.eye(3), head.landmarks.on(head.template), np.zeros(3), 256
    )
    framing = replace(framing, focal=framing.focal / 3)
    surfels = Surfels.blank(256)
    draw_card(surfels, framing, card, still, np.ones(4, np.float32), np.full(3, 0.2), 0.1, 2)
    drawn = np.argwhere(surfels.layer == 2)
    corners = framing.to_screen(framing.to_camera(still))[:, :2]
    middle, right = corners[:, 0].mean(), corners[:, 0].max()
    assert len(drawn) > 40
    assert drawn[:, 1].min() >= middle - 2 and drawn[:, 1].max() <= right + 1
    area = (right - middle) * np.ptp(corners[:, 1])
    assert len(drawn) == pytest.approx(area, rel=0.15)


def test_closer_pictures_are_kept_and_read_back(tmp_path, folder, head, wardrobe):
    common = ["--head", str(HEAD), "--out", str(tmp_path), "--seed", "5", "--misfit", "0.5"]
    main([*common, "--wardrobe", str(folder), "--side", "160", "--paired", "--count", "3"])
    photos = read_photo_set(tmp_path)
    covered = read_photo_set(tmp_path, images="images_occluded", visible="visible_occluded")
    studio = Studio(head, 0.5, wardrobe=wardrobe, side=160)
    for index in range(3):
        for kept, taken in zip((photos, covered), studio.photograph_pair(5, index), strict=True):
            crop = kept.crops(np.array([index]), 192)[0].permute(1, 2, 0).numpy() * 255
            assert crop.shape == (160, 160, 3)
            assert np.abs(_coarse(crop) - _coarse(taken.closer)).mean() < 1.0
    _, held = photos.split(1)
    np.testing.assert_array_equal(held.crops(np.array([0]), 192), photos.crops(np.array([2]), 192))
    misfit = np.load(tmp_path / "000000" / "misfit.npy")
    assert misfit.shape == (3, len(head.bumps)) and misfit.any()


def test_a_set_without_closer_pictures_says_so(tmp_path):
    main(["--head", str(HEAD), "--out", str(tmp_path), "--seed", "5", "--count", "1"])
    with pytest.raises(OferError) as caught:
        read_photo_set(tmp_path).crops(np.array([0]), 192)
    assert caught.value.code == ErrorCode.BAD_REQUEST
