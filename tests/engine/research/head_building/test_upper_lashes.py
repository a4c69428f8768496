"""Upper lashes stand off the lid on any head, go with its edge, and leave all else as it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.geometry.surface import closest_facing
from ofer_engine.geometry.triangles import triangulate, vertex_normals
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building.upper_lashes import (
    _EDGE,
    LENGTH,
    _LeftLashes,
    with_upper_lashes,
)

WEIGHTS = Path(__file__).parents[4] / "weights"
PEOPLE = 12
DEVIATIONS = 0.8


@pytest.fixture(scope="module")
def before():
    """As it was built, with MakeHuman's sheets."""
    return OpenHead.load(WEIGHTS / "training" / "head.npz")


@pytest.fixture(scope="module")
def head(before):
    return with_upper_lashes(before)


@pytest.fixture(scope="module")
def lashes(before):
    """(rows, columns) of the left ones."""
    return _LeftLashes.of(before).sheet


def _depths(head, shape, lashes):
    """(rows, columns) metres that the lashes of a shape are off its skin, less than 0 beneath."""
    skin = triangulate(head.part_polygons("skin"))
    points = shape[lashes.ravel()]
    nearest = closest_facing(points, np.zeros_like(points), shape, skin, 0.02)
    away = points - nearest.interpolate(shape)
    depth = (away * nearest.interpolate(vertex_normals(shape, skin))).sum(1)
    return depth.reshape(lashes.shape)


def _beneath(head, lashes):
    """(rows,) shares of the lashes of random heads that are beneath the skin."""
    draw = np.random.default_rng(5)
    found = []
    for _ in range(PEOPLE):
        code = DEVIATIONS * draw.standard_normal(len(head.identity))
        shape = head.vertices(code.astype(np.float32)).astype(np.float64)
        found.append(_depths(head, shape, lashes) < 0)
    return np.mean(found, axis=(0, 2))


def test_lashes_of_random_heads_are_seen(before, head, lashes):
    was, now = _beneath(before, lashes), _beneath(head, lashes)
    assert was[1:3].min() > 0.3
    assert now[1:].max() < 0.15 and now[3:].max() < 0.02


def test_rows_go_from_the_lid_forwards_and_up(head, lashes):
    rows = head.template[lashes]
    edge = head.template[list(_EDGE)]
    from_edge = np.linalg.norm(rows[0][:, None] - edge, axis=2).min(1)
    assert from_edge.max() < 0.003
    assert (np.diff(rows[..., 2], axis=0) > 0).all()
    assert (rows[-1, :, 1] > rows[0, :, 1]).mean() > 0.9
    long = np.linalg.norm(np.diff(rows, axis=0), axis=2).sum(0)
    assert LENGTH * 0.5 < long.min() < long.max() < LENGTH * 1.1
    assert (np.diff(rows[..., 0], axis=1) < 0).all()


def test_only_upper_lashes_change(before, head, lashes):
    others = np.setdiff1d(
        np.arange(len(head.template)), np.append(lashes, before.mirror[lashes.ravel()])
    )
    for name in ("template", "identity", "expression"):
        was, now = getattr(before, name), getattr(head, name)
        np.testing.assert_array_equal(now[..., others, :], was[..., others, :])
    assert (lashes[None] != others[:, None, None]).all()


def test_both_sides_are_alike(head, lashes):
    across = np.array([-1, 1, 1], np.float32)
    other = head.mirror[lashes]
    np.testing.assert_array_equal(head.template[other], head.template[lashes] * across)
    for name in ("eyeBlink", "eyeWide", "eyeLookDown"):
        left, right = (head.expression[ARKIT_52.index(name + side)] for side in ("Left", "Right"))
        np.testing.assert_allclose(right[other], left[lashes] * across, atol=2e-5)


def test_lashes_go_down_with_a_closing_lid(head, lashes):
    blink = head.expression[ARKIT_52.index("eyeBlinkLeft")]
    edge = blink[list(_EDGE)]
    middle = slice(3, 9)
    assert np.abs(blink[lashes[0, middle], 1].min() - edge[:, 1].min()) < 0.002
    assert (blink[lashes[-1, middle], 1] < blink[lashes[0, middle], 1]).all()  # they turn, too
    assert not blink[head.mirror[lashes]].any()


def test_laid_out_twice_they_are_where_they_were(head, lashes):
    again = with_upper_lashes(head)
    np.testing.assert_allclose(again.template, head.template, atol=1e-7)
    np.testing.assert_allclose(again.expression, head.expression, atol=1e-6)


def test_a_head_of_other_lashes_is_refused(before):
    lashes = np.flatnonzero(before.part == before.part_names.index("lashes"))
    polygons = before.polygons.copy()
    polygons[lashes[0]] = polygons[lashes[1]]
    with pytest.raises(ValueError, match="grid of quads"):
        with_upper_lashes(replace(before, polygons=polygons))
