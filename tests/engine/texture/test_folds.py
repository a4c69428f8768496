"""Folds of a smile are no part of a face; a beard and the folds of a calm face are."""

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.texture.folds import beside_lips, folded, pressed
from ofer_engine.texture.shape import Shape
from ofer_engine.texture.skin import make_skin
from tests.engine.texture.conftest import Patches

SHADOW = (0.72, 0.62, 0.60)
"""What light that was reflected by skin loses: less of its red."""
STUBBLE = (0.55, 0.62, 0.66)


@pytest.fixture(scope="module")
def smiling(head):
    """(V, 3), the head with a smile."""
    names = [head.expression_names.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    return head.template + head.expression[names].sum(0)


@pytest.fixture(scope="module")
def shape(head, face_uv):
    return Shape.of(head, face_uv)


def test_skin_that_is_half_as_long_is_pressed_by_the_log_of_two(head, shape):
    narrow = head.template * np.array([0.5, 1.0, 1.0], np.float32)
    front = (np.abs(head.template[:, 0]) < 0.01) & (head.region("forehead") > 0.5)
    assert np.median(pressed(shape, head.template, narrow)[front]) == pytest.approx(
        np.log(2), abs=0.05
    )


def test_a_turned_or_a_stretched_head_is_not_pressed(head, shape):
    turned = head.template[:, [2, 1, 0]] * np.array([-1, 1, 1], np.float32)
    assert np.abs(pressed(shape, head.template, turned)).max() < 1e-3
    assert np.abs(pressed(shape, head.template, head.template * 1.3)).max() < 1e-3


def test_a_smile_folds_the_upper_lip_and_not_the_forehead(head, shape, smiling):
    fold = folded(pressed(shape, head.template, smiling))
    lip = _above_the_lip(head)
    assert lip.sum() > 20 and np.median(fold[lip]) > 0.8
    assert fold[head.region("forehead") > 0.5].max() < 0.05


@pytest.mark.parametrize("worn", [SHADOW, STUBBLE], ids=["shadow", "stubble"])
def test_a_smiles_shadow_is_not_painted_and_a_moustache_is(
    sitter, head, face_uv, features, albedo, drawn_brows, smiling, worn
):
    def darker(moved):
        """How much darker than without it what lies above the lip is painted."""
        colours = sitter.colours.copy()
        colours[_above_the_lip(head)] *= worn
        bright = []
        for each in (replace(sitter, colours=colours), sitter):
            views = (each.photo(moved=moved),)
            painted = make_skin(head, face_uv, features, albedo, drawn_brows, views, 512)
            patches = Patches.of(sitter, painted)
            above = _above_the_lip(head)[head.polygons[head.part == 0, :3]].all(1)
            assert above.sum() > 5
            bright.append(np.median(patches.colours[above].mean(1)))
        return 1 - bright[0] / bright[1]

    calm, smile = darker(None), darker(smiling)
    assert calm > 0.1
    if worn is SHADOW:
        assert smile < 0.75 * calm
    else:
        assert smile > 0.7 * calm


def test_skin_about_lips_is_doubted_where_a_smile_takes_them_far(head, shape, features, smiling):
    """Where they stay, and far from them, it is not."""
    calm = head.template
    doubted = beside_lips(shape, features, calm, smiling)
    moved = np.linalg.norm(smiling - calm, axis=1)
    below = (features.lips < 0.1) & (doubted > 0.5) & (calm[:, 1] < head.landmarks(calm)[0, 1])
    assert below.sum() > 10 and moved[below].min() > 0.003
    assert doubted[(moved < 0.002) | (head.region("forehead") > 0.5)].max() < 0.01
    assert not beside_lips(shape, features, calm, calm).any()


def _above_the_lip(head):
    """(V,) bool: half as high as the way from the upper lip to the nose, and twice as wide as the
    nose."""
    lip, nose = head.landmarks(head.template)[[0, 2]]
    x, y, z = head.template.T
    low, high = lip[1] + 0.25 * (nose[1] - lip[1]), lip[1] + 0.85 * (nose[1] - lip[1])
    return (np.abs(x) < 0.022) & (y > low) & (y < high) & (z > 0.08)
