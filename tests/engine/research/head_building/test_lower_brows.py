"""The head's brows lie where people's do, and the surface is as it was."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import KDTree

from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.head_building import lower_brows
from ofer_engine.research.head_building.lower_brows import DOWN, with_lower_brows

WEIGHTS = Path(__file__).parents[4] / "weights"
LOWER, UPPER = (53, 52, 65, 283, 282, 295), (63, 105, 66, 293, 334, 296)
"""Of the detector's landmarks, those below and above the brows."""


@pytest.fixture(scope="module")
def head():
    """As it was built: its brows lie where MediaPipe's canonical face has them."""
    return OpenHead.load(WEIGHTS / "training" / "head.npz")


@pytest.fixture(scope="module")
def lower(head):
    return with_lower_brows(head)


def _middle(head):
    brows = head.region("brows")
    return (brows[:, None] * head.template).sum(0) / brows.sum()


def test_brows_and_their_landmarks_go_down_together(head, lower):
    down = _middle(lower) - _middle(head)
    assert down[1] == pytest.approx(-DOWN, abs=0.001)
    marks, before = (each.landmarks(each.template) for each in (lower, head))
    moved = (marks - before)[list(LOWER + UPPER), 1]
    assert (moved < -0.5 * DOWN).all() and (moved > -1.2 * DOWN).all()


def test_other_landmarks_stay(head, lower):
    before = head.landmarks(head.template)
    away, _ = KDTree(head.template[head.region("brows") > 0.3]).query(before)
    still = away > 0.015
    assert still.sum() > 350
    np.testing.assert_array_equal(lower.landmarks(lower.template)[still], before[still])


def test_landmarks_lie_on_the_skin_and_both_sides_alike(lower):
    np.testing.assert_allclose(lower.landmark_barycentric.sum(1), 1, atol=1e-5)
    assert lower.landmark_barycentric.min() >= -1e-6
    brows = lower.region("brows")
    np.testing.assert_array_equal(brows, brows[lower.mirror])
    marks = lower.landmarks(lower.template)
    flipped = marks[[283, 282, 295]] * (-1, 1, 1)
    np.testing.assert_allclose(flipped, marks[[53, 52, 65]], atol=5e-4)


def test_nothing_else_changes(head, lower):
    for field in fields(head):
        if field.name not in ("regions", "landmark_triangles", "landmark_barycentric", "prior"):
            np.testing.assert_array_equal(getattr(lower, field.name), getattr(head, field.name))
    for name in set(head.region_names) - {"brows", "forehead"}:
        np.testing.assert_array_equal(lower.region(name), head.region(name))
    assert (lower.region("brows") + lower.region("forehead")).max() <= 1.001


def test_the_shipped_head_has_them(lower):
    """Its eyes and teeth are others, so that vertices differ; its skin is the same."""
    shipped = OpenHead.load(WEIGHTS / "open" / "head.npz")
    assert _middle(shipped)[1] == pytest.approx(_middle(lower)[1], abs=0.001)


def test_the_command_writes_it(head, lower, tmp_path):
    head.save(tmp_path / "head.npz")
    lower_brows.main([str(tmp_path / "head.npz"), str(tmp_path / "lower.npz")])
    written = OpenHead.load(tmp_path / "lower.npz")
    np.testing.assert_allclose(written.region("brows"), lower.region("brows"), atol=1e-3)
    np.testing.assert_array_equal(written.landmark_triangles, lower.landmark_triangles)
