"""Teeth stay in the mouth, and are left alone where they do so of themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.heads.teeth import Teeth

HEAD = Path(__file__).parents[3] / "weights" / "open" / "head.npz"


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(HEAD)


@pytest.fixture(scope="module")
def wide(head: OpenHead) -> np.ndarray:
    """(V, 3) a face whose jaw, moved twice as far forward as it can, pushes the lower teeth through
    the chin."""
    identity = np.random.default_rng(4).normal(size=len(head.identity))
    return head.vertices(identity, 2 * np.eye(52)[ARKIT_52.index("jawForward")])


def test_teeth_that_pierce_the_skin_give_way(head: OpenHead, wide: np.ndarray) -> None:
    teeth = Teeth.of(head)
    assert teeth.pierced(wide) > 0.001
    mended = teeth.withdrawn(wide)
    assert teeth.pierced(mended) == 0.0
    assert mended.dtype == wide.dtype
    way = np.linalg.norm(mended - wide, axis=1)
    moved = np.flatnonzero(way)
    assert way.max() < 0.008 and np.isin(moved, np.unique(np.concatenate(teeth.rows))).all()
    assert (way[moved] > 0).sum() < 0.7 * len(np.unique(np.concatenate(teeth.rows)))


def smiling(head: OpenHead, seed: int) -> np.ndarray:
    """(V, 3) a face whose open smile draws the corners of the lips back past the teeth; on a head
    whose own smiles take the teeth along, teeth that did not go."""
    identity = 1.25 * np.random.default_rng(seed).normal(size=len(head.identity))
    weights = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0, "jawOpen": 0.6}
    shape = head.vertices(identity, np.array([weights.get(name, 0.0) for name in ARKIT_52]))
    teeth = np.unique(np.concatenate(Teeth.of(head).rows))
    smiles = [ARKIT_52.index(name) for name in list(weights)[:2]]
    shape[teeth] -= head.expression[smiles].sum(0)[teeth]
    return shape


@pytest.mark.parametrize("seed", [9, 12])
def test_teeth_do_not_leave_at_the_corners_of_the_lips(head: OpenHead, seed: int) -> None:
    teeth, smile = Teeth.of(head), smiling(head, seed)
    skin_alone = replace(teeth, opening=teeth.opening[:0])
    assert teeth.pierced(skin_alone.withdrawn(smile)) > 0.0005
    mended = teeth.withdrawn(smile)
    assert teeth.pierced(mended) == 0.0
    own = np.unique(np.concatenate(teeth.rows))
    assert np.isin(np.flatnonzero((mended != smile).any(1)), own).all()
    for row in teeth.rows:  # a row of teeth it remains
        ends = np.concatenate([row[:, [0, 1]], row[:, [1, 2]], row[:, [2, 0]]])
        before, after = (
            np.linalg.norm(shape[ends[:, 0]] - shape[ends[:, 1]], axis=1)
            for shape in (smile, mended)
        )
        ratio = (after / before)[before > 0.004]
        assert 0.65 < ratio.min() and ratio.max() < 1.1


def test_the_opening_is_closed_from_lip_to_lip(head: OpenHead) -> None:
    """One disc whose border is the border of the skin around it."""
    teeth = Teeth.of(head)

    def border(triangles: np.ndarray) -> set[tuple[int, int]]:
        ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        ends, times = np.unique(np.sort(ends, axis=1), axis=0, return_counts=True)
        assert times.max() <= 2
        return {(a, b) for a, b in ends[times == 1].tolist()}

    hole = border(teeth.opening)
    assert len(teeth.opening) == len(hole) - 2 and hole < border(teeth.skin)
    assert {head.mirror[a] for a, _ in hole} <= set(np.unique(teeth.opening))


def test_what_pierces_nothing_is_the_very_same(head: OpenHead) -> None:
    teeth = Teeth.of(head)
    assert teeth.pierced(head.template) == 0.0
    assert teeth.withdrawn(head.template) is head.template
    smile = head.vertices(np.zeros(3), np.eye(52)[ARKIT_52.index("tongueOut")])
    assert teeth.withdrawn(smile) is smile


def test_teeth_pushed_out_stand_out_as_far(head: OpenHead) -> None:
    teeth = Teeth.of(head)
    pushed = head.template.copy()
    pushed[np.unique(teeth.rows[1])] += [0, -0.004, 0.012]
    assert 0.003 < teeth.pierced(pushed) < 0.02


def test_a_head_without_teeth_has_none(head: OpenHead) -> None:
    names = tuple(name.replace("teeth", "stones") for name in head.part_names)
    assert Teeth.of(replace(head, part_names=names)) is None
    names = tuple(name.replace("mouth_cavity", "cave") for name in head.region_names)
    assert Teeth.of(replace(head, region_names=names)) is None
