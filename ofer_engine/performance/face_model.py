"""One person's head as its evidence points alone: where the 52 units move them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..geometry.triangles import triangulate
from ..heads.iris import iris_points
from ..heads.open_head import OpenHead
from ..heads.rims import Rims, lip_rims

_EYES: Final = ("eye_left", "eye_right")
_JOINTS: Final = ("eye_L", "eye_R")
_JAW_UNIT: Final = ARKIT_52.index("jawOpen")
_HANGS: Final = 0.9
"""Share of the jaw joint in what moves a vertex, from which it moves with the jaw alone."""


@dataclass(frozen=True, eq=False)
class FaceModel:
    """neutral : (N, 3) float64 metres, head frame, the P evidence points and then I points of the
    irises, the left eye's first; units : (52, N, 3) metres that each unit moves them; points : P;
    lips : their rims; eyes : (2, 3) metres, centres of the eyeballs; jaw : radians that the jaw is
    open about its joint where the unit jawOpen, the `jaw_unit`th, is 1."""

    neutral: np.ndarray
    units: np.ndarray
    points: int
    lips: Rims
    eyes: np.ndarray
    jaw: float

    @property
    def jaw_unit(self) -> int:
        """Place of jawOpen."""
        return _JAW_UNIT

    @staticmethod
    def of(head: OpenHead, identity: np.ndarray) -> FaceModel:
        """identity : (K,)."""
        joints = [head.joint_names.index(name) for name in _JOINTS]
        balls = tuple(triangulate(head.part_polygons(name)) for name in _EYES)
        irises = iris_points(head.template, (balls[0], balls[1]), head.mean_joints[joints])
        vertices = head.vertices(identity)
        points = head.point_vertices
        return FaceModel(
            np.concatenate([vertices[points], irises.on(vertices)]).astype(np.float64),
            np.concatenate([head.expression[:, points], irises.on(head.expression)], axis=1).astype(
                np.float64
            ),
            len(points),
            lip_rims(head, vertices),
            head.joints(identity)[joints].astype(np.float64),
            _jaw_angle(head, identity),
        )

    def moved(self, weights: np.ndarray) -> np.ndarray:
        """(F, N, 3) metres at unit weights (F, 52)."""
        flat = self.units.reshape(len(self.units), -1)
        return self.neutral + (weights @ flat).reshape(len(weights), *self.neutral.shape)

    def gaze(self, weights: np.ndarray) -> np.ndarray:
        """(F, 2, 3) radians yaw, pitch and roll of the left eye and the right at unit weights
        (F, 52): how far the middle of each iris has turned about its eyeball's centre, as
        `FaceMotion` counts; without irises 0."""
        found = np.zeros((len(weights), 2, 3))
        count = (len(self.neutral) - self.points) // 2
        if not count:
            return found
        middles = [self.points, self.points + count]
        before = _angles(self.neutral[middles] - self.eyes)
        after = _angles(self.moved(weights)[:, middles] - self.eyes)
        found[:, :, :2] = after - before
        return found


def _jaw_angle(head: OpenHead, identity: np.ndarray) -> float:
    """Least squares over what hangs on the jaw alone: a turn about X by the joint."""
    jaw = head.joint_names.index("jaw")
    hangs = head.skin_weights[:, jaw] > _HANGS
    arm = (head.vertices(identity) - head.joints(identity)[jaw])[hangs].astype(np.float64)
    way = head.expression[_JAW_UNIT][hangs].astype(np.float64)
    turned = arm[:, 1] * way[:, 2] - arm[:, 2] * way[:, 1]
    return float(turned.sum() / max(np.square(arm[:, 1:]).sum(), 1e-12))


def _angles(ahead: np.ndarray) -> np.ndarray:
    """(…, 2) yaw to the subject's left and pitch down of directions (…, 3)."""
    x, y, z = np.moveaxis(ahead, -1, 0)
    return np.stack((np.arctan2(x, z), -np.arctan2(y, np.hypot(x, z))), axis=-1)
