"""Brows are drawn where the photo shows them, whole and like their hair; behind a hand like the
hair of the head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from ofer_engine.texture.brow_shape import DARK, BrowSamples, profile
from ofer_engine.texture.brow_view import BrowView
from ofer_engine.texture.colours import TO_LINEAR
from ofer_engine.texture.drawn_brows import DrawnBrows, without_brows
from ofer_engine.texture.shape import Shape, split
from ofer_engine.texture.skin import make_skin
from tests.engine.texture.conftest import PAINTED, SIDE, covered

BLACK, BLOND = (0.012, 0.010, 0.009), (0.14, 0.085, 0.035)
HAND = (150, 100, 80)


@pytest.fixture(scope="module")
def shape(head, face_uv):
    return Shape.of(head, face_uv)


def _plane(side: int = 1, step: float = 0.25) -> np.ndarray:
    """(N, 3) mm: places all over one brow's surroundings. side : 1 the left, -1 the right."""
    y, x = np.mgrid[36:86:step, 0:76:step].reshape(2, -1)
    return np.c_[side * x, y, np.full(len(x), 80.0)]


def _view(shape: np.ndarray, colour: np.ndarray, seen: float = 1.0) -> BrowView:
    """A photo of brows of a shape, hair of a colour (3,) beside skin."""
    y, x = np.mgrid[40:84:1.5, 1:74:1.5].reshape(2, -1)
    colours = profile(shape, x, y)[:, None] * colour
    weight = np.full(len(x), seen)
    left, right = (BrowSamples(side, x, y, colours[:, 0], weight) for side in (0, 1))
    return BrowView((left, right), (colours, colours), True)


def _haired(sitter, head, colour):
    """The sitter with hair of a colour, (3,) linear."""
    colours = sitter.colours.copy()
    colours[head.region("scalp") > 0.3] = colour
    return replace(sitter, colours=colours)


def _over_brows(head, view, sides=(-1, 1)):
    """(H, W) bool: a bar over the brows, from -1, the subject's right, to 1, the left."""
    at = view.camera.project(head.template[head.region("brows") > 0.1])
    low, high = at[:, 1].min() - 8, at[:, 1].max() + 8
    rows, columns = np.mgrid[:SIDE, :SIDE]
    side = np.sign(columns + 0.5 - SIDE / 2)
    return (rows > low) & (rows < high) & np.isin(side, sides)


def test_brows_are_drawn_on_the_front_of_the_face_alone(head, drawn_brows):
    brows = drawn_brows.of_person([], None)
    places = drawn_brows.places
    dark = -brows.over(places)[:, 0]
    assert (dark >= 0).all()
    for side in (-1, 1):
        assert dark[side * head.template[:, 0] > 0.01].max() > 0.2
    grown = head.template[dark > 0.02]
    assert grown[:, 2].min() > 0.03
    own = head.template[head.region("brows") > 0.5]
    assert np.abs(grown[:, 1] - own[:, 1].mean()).max() < 0.02


def test_the_usual_brow_lies_between_the_landmarks_of_brows(head, drawn_brows):
    upper, lower = 1000 * head.landmarks(head.template)[[334, 295], 1]
    column = _plane()
    column = column[np.abs(column[:, 0] - 35) < 3]
    dark = -drawn_brows.of_person([], None).over(column)[:, 0]
    assert lower - 3 < (column[:, 1] * dark).sum() / dark.sum() < upper


def test_sides_are_mirror_images(drawn_brows):
    brows = drawn_brows.of_person([], None)
    np.testing.assert_allclose(brows.over(_plane(1)), brows.over(_plane(-1)), atol=1e-6)


def test_brows_on_another_head_lie_on_its_face(flame, head):
    on_flame = DrawnBrows.on(flame, lambda: head)
    dark = -on_flame.of_person([], None).over(on_flame.places)[:, 0]
    front = flame.template[:, 2] > np.median(flame.template[:, 2])
    assert dark[front].max() > 0.2 and not dark[~front].any()


@pytest.mark.parametrize("darkness", [0.35, 0.9, 1.8])
def test_brows_are_as_dark_as_in_the_photo(drawn_brows, darkness):
    """In the mean over a few millimetres: strands are darker than what lies between them."""
    true = drawn_brows.prior.mean.copy()
    true[DARK] = np.log(darkness)
    brows = drawn_brows.of_person([_view(true, np.array([-darkness, 0.0, 0.0]))], None)
    places = _plane()
    drawn = ndimage.gaussian_filter(brows.over(places)[:, 0].reshape(200, 304), 8)
    expected = -darkness * profile(true, places[:, 0], places[:, 1]).reshape(200, 304)
    expected = ndimage.gaussian_filter(expected, 8)
    dense = expected < 0.5 * expected.min()
    assert 0.75 < np.median(drawn[dense] / expected[dense]) < 1.2


def test_strands_are_seen(drawn_brows):
    """And not a band of paint."""
    brows = drawn_brows.of_person([], None)
    fine = brows.over(_plane(step=0.125))[:, 0].reshape(400, 608)
    rough = fine - ndimage.gaussian_filter(fine, 4)
    dense = ndimage.gaussian_filter(fine, 4) < 0.5 * ndimage.gaussian_filter(fine, 4).min()
    assert rough[dense].std() > 0.25 * -fine[dense].mean()


@pytest.mark.parametrize(
    "hue", [(-0.25, -0.05), (0.0, 0.1), (0.15, -0.15)], ids=["grey", "black", "brown"]
)
def test_brows_have_the_colour_of_the_hair_in_them(drawn_brows, hue):
    """hue : log R/G and log B/G of hair, whose luminance is a log unit below skin."""
    view = _view(drawn_brows.prior.mean, np.array([-1.0, *hue]))
    np.testing.assert_allclose(drawn_brows.of_person([view], None).hue, -np.array(hue), atol=0.06)


def test_the_colour_stays_that_of_hair(drawn_brows):
    """A brow that is as blue as it is dark, beneath a lens, is drawn as hair may be."""
    view = _view(drawn_brows.prior.mean, np.array([-1.0, 0.6, 2.0]))
    np.testing.assert_allclose(drawn_brows.of_person([view], None).hue, [-0.25, -0.25])


def test_hidden_brows_are_like_the_hair_of_the_head(drawn_brows):
    hidden = [_view(drawn_brows.prior.mean, np.array([-0.2, 0.5, 0.5]), seen=0.0)]
    black, blond = (
        drawn_brows.of_person(hidden, np.array(hair))
        for hair in ((-2.2, -0.4, 0.2), (-0.5, -0.05, -0.1))
    )
    assert black.shapes[0, DARK] - blond.shapes[0, DARK] > 0.4
    np.testing.assert_allclose(black.hue, [0.4 / 2.2, -0.2 / 2.2], atol=1e-6)
    np.testing.assert_allclose(blond.hue, [0.1, 0.2], atol=1e-6)


def test_brows_behind_a_hand_are_painted_like_the_hair(
    head, face_uv, features, albedo, drawn_brows, sitter
):
    def brow(colour):
        view = _haired(sitter, head, colour).photo()
        view = covered(view, _over_brows(head, view), HAND, known=True)
        painted = make_skin(head, face_uv, features, albedo, drawn_brows, (view,), 1024)
        places, row, column = _texels(head, painted, drawn_brows)
        usual = drawn_brows.prior.mean
        strands = profile(usual, np.abs(places[:, 0]), places[:, 1]) > 0.7
        strands &= places[:, 2] > 0
        assert strands.sum() > 100
        assert np.quantile(painted.seen[row, column][strands], 0.9) == 0
        return np.mean(TO_LINEAR[painted.albedo[row, column]][strands], 0) / PAINTED

    black, blond = brow(BLACK), brow(BLOND)
    assert black.mean() < 0.75 and 0.5 < blond.mean() < 0.95
    assert black.mean() < blond.mean() - 0.08
    assert blond[2] / blond[0] < black[2] / black[0]


def _texels(head, painted, brows):
    """Points on the skin: places (N, 3) mm, row and column of the texture (N,)."""
    skin = head.part == 0
    triangles, corners = split(head.polygons[skin], painted.uv[skin])
    share = np.random.default_rng(3).dirichlet(np.ones(3), 40)
    places = brows.places[triangles]
    near = (np.abs(places[..., 1] - 60) < 15).all(1) & (places[..., 2] > 30).all(1)
    at = np.einsum("sc,tcd->tsd", share, corners[near]).reshape(-1, 2) * (1, -1) + (0, 1)
    column, row = np.clip(at * len(painted.albedo), 0, len(painted.albedo) - 1).astype(int).T
    return np.einsum("sc,tcd->tsd", share, places[near]).reshape(-1, 3), row, column


def test_skin_is_carried_on_under_brows(shape, features):
    base = np.full((len(shape.template), 3), 0.4)
    base[features.brows > 0.03] = -1.0
    np.testing.assert_allclose(without_brows(shape, features, base), 0.4, atol=1e-6)


def test_nothing_of_a_photo_is_believed_on_brows(drawn_brows):
    brows = drawn_brows.of_person([], None)
    places = _plane()
    around = brows.around(places)
    dense = profile(brows.shapes[0], places[:, 0], places[:, 1]) > 0.2
    assert around[dense].min() > 0.9
    assert around.mean() < 0.35
