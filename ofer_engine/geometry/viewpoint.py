"""Where a photo was taken from: points to pixels, how pixels follow points and the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_NEAREST: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """A pinhole camera that looks along its own -Z with Y up; X_cam = rotation @ X + shift.

    focal : pixels; centre : (2,) pixels, x right, y down; rotation : (3, 3); shift : (3,) metres.
    """

    focal: float
    centre: np.ndarray
    rotation: np.ndarray
    shift: np.ndarray

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """(…, 3) metres -> (…, 3) metres, camera frame."""
        return np.asarray(points, np.float64) @ self.rotation.T + self.shift

    def project(self, points: np.ndarray) -> np.ndarray:
        """(…, 3) metres -> (…, 2) pixels."""
        seen = self.to_camera(points)
        return seen[..., :2] * (1, -1) * (self.focal / _depth(seen))[..., None] + self.centre

    def metres(self, points: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """(…, 2) metres across the line of sight, right and up, that pixels (…, 2) are at points
        (…, 3)."""
        depth = _depth(self.to_camera(points))
        return np.asarray(pixels, np.float64) * (1, -1) * (depth / self.focal)[..., None]

    def across(self, points: np.ndarray) -> np.ndarray:
        """(…, 2, 3) metres across the line of sight that points (…, 3) are seen to move for each
        metre along each axis."""
        seen = self.to_camera(points)
        slope = seen[..., :2] / _depth(seen)[..., None]
        return self.rotation[:2] + slope[..., None] * self.rotation[2]

    def by_pose(self, points: np.ndarray, anchor: np.ndarray) -> np.ndarray:
        """(…, 2, 6) the same for each radian that the camera's view of points (…, 3) is turned
        about an anchor (3,), camera frame, and each metre that it is shifted."""
        seen = self.to_camera(points)
        slope = seen[..., :2] / _depth(seen)[..., None]
        x, y, z = np.moveaxis(seen - anchor, -1, 0)
        none = np.zeros_like(x)
        turned = np.stack(
            [np.stack(row, -1) for row in ((none, z, -y), (-z, none, x), (y, -x, none))], -2
        )
        moved = np.concatenate([turned, np.broadcast_to(np.eye(3), turned.shape)], -1)
        return moved[..., :2, :] + slope[..., None] * moved[..., 2:, :]

    def moved(self, pose: np.ndarray, anchor: np.ndarray) -> Viewpoint:
        """After a change of pose (6,) as in `by_pose`."""
        turn = _turn(pose[:3])
        shift = turn @ (self.shift - anchor) + anchor + pose[3:]
        return Viewpoint(self.focal, self.centre, turn @ self.rotation, shift)


def _depth(seen: np.ndarray) -> np.ndarray:
    return np.maximum(-seen[..., 2], _NEAREST)


def _turn(vector: np.ndarray) -> np.ndarray:
    """(3, 3) right-handed turn about a vector (3,), as long as the angle: Rodrigues's formula."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
