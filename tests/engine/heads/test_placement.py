"""One head laid over another: a moved copy comes back exactly."""

from pathlib import Path

import numpy as np
import pytest

from ofer_engine.geometry.rotations import rotation_matrix
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.heads.placement import place

HEAD = Path(__file__).parents[3] / "weights" / "open" / "head.npz"


class Moved:
    """A head in another frame: other = (fixed - translation) @ rotation / scale."""

    def __init__(self, head, scale, rotation, translation):
        self._head, self._move = head, lambda p: (p - translation) @ rotation / scale
        self.joint_names = head.joint_names
        self.template = self._move(head.template)

    def joints(self, identity):
        return self._move(self._head.joints(identity))


@pytest.fixture(scope="module")
def head():
    return OpenHead.load(HEAD)


def test_a_moved_copy_is_found_exactly(head):
    rotation = rotation_matrix(np.array([0.2, -0.4, 0.1]))
    moved = Moved(head, 0.1, rotation, np.array([0.3, -0.2, 0.05]))
    placement = place(moved, head, head.face)
    assert placement.scale == pytest.approx(0.1, rel=1e-5)
    np.testing.assert_allclose(placement.apply(moved.template), head.template, atol=1e-6)


def test_wrong_joints_are_mended_by_the_surface(head):
    rotation = rotation_matrix(np.array([0.0, 0.1, 0.0]))
    moved = Moved(head, 1.0, rotation, np.zeros(3))
    off = np.array([0, 0.003, -0.002])
    original = moved.joints
    moved.joints = lambda identity: original(identity) + off
    placed = place(moved, head, head.face).apply(moved.template)
    assert np.linalg.norm(placed - head.template, axis=1)[head.face].mean() < 0.001
