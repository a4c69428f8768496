"""Where the camera of a synthetic photo stands, and the face crop that is cut from it.

The crop is the one that the conditioner cuts at run time: rolled so that landmarks 33 → 263 lie
level, square, 1.22 times the extent of the 468 landmarks, centred on their bounding box; then
jittered. Because the cut is a rotation in the image plane, a scale and a shift, the crop is itself
a pinhole picture, and that pinhole is what this module gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...geometry.rotations import rotation_about

CROP_EXTENT: Final = 1.22
RIGHT_EYE_CORNER: Final = 33
LEFT_EYE_CORNER: Final = 263
_YAW_SD, _YAW_LIMIT = 22.0, 60.0
_PITCH_SD, _PITCH_LIMIT = 12.0, 30.0
_ROLL_SD = 10.0
_NEAREST, _FARTHEST = 0.38, 2.5
_CENTRE_JITTER, _SIZE_JITTER, _ANGLE_JITTER = 0.025, 0.05, 0.06


@dataclass(frozen=True)
class Framing:
    """A pinhole: x_camera = rotation @ x_head + translation, x right, y up, z to the viewer.

    rotation (3, 3), translation (3,) metres, focal px, centre (2,) px from the top-left corner;
    all float32.
    """

    rotation: np.ndarray
    translation: np.ndarray
    focal: float
    centre: np.ndarray

    def to_camera(self, vertices: np.ndarray) -> np.ndarray:
        """Head frame → camera frame. (N, 3) metres -> (N, 3) float32."""
        return (vertices @ self.rotation.T + self.translation).astype(np.float32)

    def to_screen(self, camera_points: np.ndarray) -> np.ndarray:
        """Camera frame → x px, y px, 1 / depth. (N, 3) -> (N, 3) float32."""
        near = 1.0 / np.maximum(-camera_points[:, 2], 1e-3)
        screen = np.empty(camera_points.shape, np.float32)
        screen[:, 0] = self.centre[0] + self.focal * camera_points[:, 0] * near
        screen[:, 1] = self.centre[1] - self.focal * camera_points[:, 1] * near
        screen[:, 2] = near
        return screen

    def depth(self, vertices: np.ndarray) -> float:
        """Mean depth of points (N, 3) of the head frame along the optical axis, metres."""
        return float(-self.to_camera(vertices)[:, 2].mean())


def random_pose(rng: np.random.Generator, turned: float | None) -> np.ndarray:
    """Head → camera rotation (3, 3): yaw about the neck, then pitch, then roll.

    turned : degrees of yaw to either side, instead of a random angle.
    """
    yaw = np.clip(rng.normal() * _YAW_SD, -_YAW_LIMIT, _YAW_LIMIT)
    if turned is not None:
        yaw = np.copysign(turned, yaw)
    pitch = np.clip(rng.normal() * _PITCH_SD, -_PITCH_LIMIT, _PITCH_LIMIT)
    return (
        rotation_about("z", rng.normal() * _ROLL_SD)
        @ rotation_about("x", pitch)
        @ rotation_about("y", yaw)
    )


def random_framing(
    rng: np.random.Generator,
    rotation: np.ndarray,
    landmarks: np.ndarray,
    pivot: np.ndarray,
    size: int,
) -> Framing:
    """Put the camera at a random distance and cut the jittered face crop.

    rotation (3, 3) head → camera; landmarks (468, 3) and pivot (3,), metres, head frame; size of
    the crop in pixels.
    """
    distance = float(np.exp(rng.uniform(np.log(_NEAREST), np.log(_FARTHEST))))
    translation = np.array([0.0, 0.0, -distance]) - rotation @ pivot
    return jittered_framing(rng, rotation, translation, landmarks, size)


def jittered_framing(
    rng: np.random.Generator,
    rotation: np.ndarray,
    translation: np.ndarray,
    landmarks: np.ndarray,
    size: int,
) -> Framing:
    """Cut the jittered face crop of a camera that looks along its axis.

    rotation (3, 3) and translation (3,) head → camera; landmarks (468, 3), metres, head frame; size
    of the crop in pixels.
    """
    camera = landmarks @ rotation.T + translation
    plane = np.stack([camera[:, 0], -camera[:, 1]], 1) / -camera[:, 2:]
    centre, side, angle = face_square(plane)
    centre = centre + rng.normal(size=2) * _CENTRE_JITTER * side
    side = side * np.exp(rng.normal() * _SIZE_JITTER)
    angle = angle + rng.normal() * _ANGLE_JITTER
    roll = rotation_about("z", np.degrees(angle))
    focal = size / side
    return Framing(
        rotation=(roll @ rotation).astype(np.float32),
        translation=(roll @ translation).astype(np.float32),
        focal=float(focal),
        centre=(size / 2 - focal * (_level(angle) @ centre)).astype(np.float32),
    )


def face_square(landmarks: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The run-time crop without jitter: centre (2,), side, angle in radians.

    landmarks : (468, 2), image coordinates with y down, any unit.
    """
    across = landmarks[LEFT_EYE_CORNER] - landmarks[RIGHT_EYE_CORNER]
    angle = float(np.arctan2(across[1], across[0]))
    level = landmarks @ _level(angle).T
    low, high = level.min(0), level.max(0)
    return ((low + high) / 2) @ _level(angle), float(CROP_EXTENT * (high - low).max()), angle


def _level(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])
