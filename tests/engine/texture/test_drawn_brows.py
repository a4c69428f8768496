"""Brows that no photo shows are drawn, like the hair; those that are seen are left alone."""

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.texture.colours import TO_LINEAR
from ofer_engine.texture.drawn_brows import FILE, DrawnBrows, hidden_brows, without_brows
from ofer_engine.texture.projection import project
from ofer_engine.texture.shape import Shape, split
from ofer_engine.texture.skin import make_skin
from tests.engine.texture.conftest import PAINTED, SIDE, covered

BLACK, BLOND = (0.012, 0.010, 0.009), (0.14, 0.085, 0.035)
HAND = (150, 100, 80)


@pytest.fixture(scope="module")
def shape(head, face_uv):
    return Shape.of(head, face_uv)


def _haired(sitter, head, colour):
    """The sitter with hair of a colour, (3,) linear."""
    colours = sitter.colours.copy()
    colours[head.region("scalp") > 0.3] = colour
    return replace(sitter, colours=colours)


def _over_brows(head, view, sides=(-1, 1)):
    """(H, W) bool: a bar over the brows, from -1, the subject's right, to 1, the left."""
    at = view.camera.project(head.template[head.region("brows") > 0.1])
    low, high = at[:, 1].min() - 6, at[:, 1].max() + 6
    rows, columns = np.mgrid[:SIDE, :SIDE]
    side = np.sign(columns + 0.5 - SIDE / 2)
    return (rows > low) & (rows < high) & np.isin(side, sides)


def test_strands_lie_on_the_front_of_the_face_alone(head, shape, drawn_brows):
    """Also between vertices, of which one lies in front of the ears and one behind."""
    shares = np.array([[a, b, 8 - a - b] for a in range(9) for b in range(9 - a)]) / 8
    points = np.einsum("sk,tkc->tsc", shares, drawn_brows.places[shape.triangles])
    covered_by = drawn_brows.at(points.reshape(-1, 2).astype(np.float32)).reshape(points.shape[:2])
    grown = shape.triangles[covered_by.max(1) > 0]
    assert len(grown) > 20
    front = head.template[grown.ravel()]
    brows = head.template[head.region("brows") > 0.5]
    assert front[:, 2].min() > 0.03
    assert np.abs(front[:, 1] - brows[:, 1].mean()).max() < 0.035


def test_a_brow_lies_between_the_landmarks_of_brows(head, drawn_brows):
    upper, lower = head.landmarks(head.template)[[334, 295]]
    with np.load(FILE, allow_pickle=False) as stored:
        column = int((upper[0] - stored["corner"][0]) / stored["pixel"])
        rows = np.flatnonzero(drawn_brows.cover[:, column] > 0.2)
        height = stored["corner"][1] - rows * stored["pixel"]
    assert len(rows) > 10
    assert lower[1] < np.median(height) < upper[1]


def test_no_brow_lies_on_the_back_of_the_head(head, drawn_brows):
    cover = drawn_brows.at(drawn_brows.places)
    assert not cover[head.template[:, 2] < 0].any()
    for side in (-1, 1):
        assert cover[side * head.template[:, 0] > 0.01].max() > 0.2


def test_brows_on_another_head_lie_on_its_face(flame, head):
    on_flame = DrawnBrows.on(flame, lambda: head)
    cover = on_flame.at(on_flame.places)
    front = flame.template[:, 2] > np.median(flame.template[:, 2])
    assert cover[front].max() > 0.3


@pytest.mark.parametrize(
    ("sides", "drawn"), [((), False), ((1,), False), ((-1, 1), True)], ids=["none", "one", "both"]
)
def test_brows_are_drawn_where_neither_side_is_seen(
    head, shape, features, albedo, drawn_brows, sitter, sides, drawn
):
    view = sitter.photo()
    view = covered(view, _over_brows(head, view, sides), HAND, known=True)
    hidden = hidden_brows(
        drawn_brows, shape, features, (project(shape, features, view, albedo, 512),)
    )
    if not drawn:
        assert hidden is None
        return
    assert hidden.share == 1
    grown = np.maximum(features.brows, drawn_brows.at(drawn_brows.places))
    np.testing.assert_allclose(hidden.skin[grown > 0.2], 1)
    assert not hidden.skin[grown == 0].any()


def test_drawn_brows_are_like_the_hair(head, face_uv, features, albedo, drawn_brows, sitter):
    def brow(colour):
        view = _haired(sitter, head, colour).photo()
        view = covered(view, _over_brows(head, view), HAND, known=True)
        painted = make_skin(head, face_uv, features, albedo, drawn_brows, (view,), 1024)
        places, row, column = _texels(head, painted)
        strands = drawn_brows.at(places) > 0.3
        assert strands.sum() > 100
        assert np.quantile(painted.seen[row, column][strands], 0.9) == 0
        return np.median(TO_LINEAR[painted.albedo[row, column]][strands], 0) / PAINTED

    black, blond = brow(BLACK), brow(BLOND)
    assert black.mean() < 0.75 and 0.5 < blond.mean() < 0.95
    assert black.mean() < blond.mean() - 0.08
    assert blond[2] / blond[0] < black[2] / black[0]


def _texels(head, painted):
    """Points on the skin: places in the drawing (N, 2), row and column of the texture (N,)."""
    skin = head.part == 0
    triangles, corners = split(head.polygons[skin], painted.uv[skin])
    share = np.random.default_rng(3).dirichlet(np.ones(3), 40)
    places = DrawnBrows.on(head, lambda: head).places[triangles]
    inside = (places > 0).all((1, 2))
    at = np.einsum("sc,tcd->tsd", share, corners[inside]).reshape(-1, 2) * (1, -1) + (0, 1)
    column, row = np.clip(at * len(painted.albedo), 0, len(painted.albedo) - 1).astype(int).T
    return np.einsum("sc,tcd->tsd", share, places[inside]).reshape(-1, 2), row, column


def test_skin_is_carried_on_under_brows(shape, features):
    base = np.full((len(shape.template), 3), 0.4)
    base[features.brows > 0.03] = -1.0
    np.testing.assert_allclose(without_brows(shape, features, base), 0.4, atol=1e-6)
