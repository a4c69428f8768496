"""What photos show around brows is found on the frontal plane, and other dark things are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.texture.projection import project
from ofer_engine.texture.shape import Shape
from tests.engine.texture.conftest import SIDE, covered

_BLACK = (28, 26, 25)


@pytest.fixture(scope="module")
def look(head, face_uv, features, albedo, drawn_brows):
    shape = Shape.of(head, face_uv)

    def look(view, wanted=1.0):
        places = drawn_brows.places
        return project(shape, features, view, albedo, places, 512, wanted).brows

    return look


def _marked(sitter, head, wide: tuple[float, float], high: tuple[float, float], left: bool):
    """A photo with a black bar over one brow. wide, high : from and to, mm in the frontal plane."""
    view = sitter.photo()
    corners = np.array([[x, y] for x in wide for y in high]) / 1000 * ((1 if left else -1), 1)
    front = head.template[:, 2] > 0.05
    near = [
        np.flatnonzero(front)[np.abs(head.template[front, :2] - each).sum(1).argmin()]
        for each in corners
    ]
    at = view.camera.project(view.vertices[near])
    low, top = at.min(0), at.max(0)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    bar = (columns > low[0]) & (columns < top[0]) & (rows > low[1]) & (rows < top[1])
    return covered(view, bar, _BLACK, known=False)


@pytest.mark.parametrize("left", [True, False])
def test_a_dark_bar_is_where_it_is(sitter, head, look, left):
    found = look(_marked(sitter, head, (20, 50), (56, 64), left))
    own, other = found.samples[0 if left else 1], found.samples[1 if left else 0]
    bar = own.dark < -0.8
    assert 40 < bar.sum() < 160
    assert abs(own.x[bar].mean() - 35) < 3.5 and abs(own.y[bar].mean() - 60) < 3.5
    assert (other.dark > -0.7).all()
    assert [each.side for each in found.samples] == [0, 1]


def test_hair_of_the_head_is_not_seen(sitter, head, look):
    fringe = look(_marked(sitter, head, (5, 60), (66, 95), True)).samples[0]
    assert (fringe.dark > -0.8).all()
    assert len(fringe.x) < 0.8 * len(look(sitter.photo()).samples[0].x)


def test_what_is_hidden_or_unwanted_counts_nothing(sitter, head, look):
    view = sitter.photo()
    rows, columns = np.mgrid[:SIDE, :SIDE]
    hand = covered(view, columns > SIDE / 2 + 3, (150, 100, 80), known=True)
    for look_at, wanted in ((hand, 1.0), (view, (head.template[:, 0] < 0).astype(np.float32))):
        left, right = (each.weight[each.x > 15].sum() for each in look(look_at, wanted).samples)
        assert left < 0.05 * right


def test_eyes_are_left_out(sitter, look, head):
    lids = 1000 * head.template[head.region("eyelids") > 0.5, 1].max()
    for each in look(sitter.photo()).samples:
        over_the_eye = np.abs(each.x - 33) < 8
        assert each.y[over_the_eye].min() > lids


def test_a_photo_in_grey_has_no_colours(sitter, look):
    view = sitter.photo()
    grey = np.repeat(view.pixels.mean(2, keepdims=True).astype(np.uint8), 3, 2)
    assert look(view).coloured and not look(replace(view, pixels=grey)).coloured
