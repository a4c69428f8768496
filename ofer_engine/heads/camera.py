"""The pinhole camera that saw the photo, and its pose from points.

Camera frame: x right, y up, z towards the viewer, so what the camera sees has negative z.
Image: continuous pixels, x right, y down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contract.errors import ErrorCode, OferError
from ..geometry.rotations import rotation_matrix

Array = NDArray[np.float64]

NORMAL_LENS = 50 / np.hypot(36, 24)
MIN_POINTS = 6
_ROUNDS = 50
_FOCAL_ROUNDS = 5
"""A head's distance grows nearly as the focal length, so that each round leaves a small share."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera; X_cam = rotation @ X_head + translation.

    focal : pixels; centre : (2,) pixels, principal point; rotation : (3, 3);
    translation : (3,) metres; width, height : of the photo, pixels. All float64.
    """

    focal: float
    centre: Array
    rotation: Array
    translation: Array
    width: int
    height: int

    def slopes(self, points: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """(2P, K) pixels, x and y of each point in turn, that points (P, 3) metres move when they
        are moved by (K, P, 3) metres, head frame."""
        seen, turned = self.to_camera(points), moved @ self.rotation.T
        depth = -seen[:, 2]
        found = self.focal * (turned[..., :2] / depth[:, None])
        found += self.focal * seen[:, :2] * (turned[..., 2] / depth**2)[..., None]
        return (found * (1, -1)).reshape(len(moved), -1).T

    def to_camera(self, points: ArrayLike) -> Array:
        """points : (..., 3) metres, head frame → (..., 3) metres, camera frame."""
        return np.asarray(points, np.float64) @ self.rotation.T + self.translation

    def project(self, points: ArrayLike) -> Array:
        """points : (..., 3) metres, head frame → (..., 2) pixels of the photo."""
        seen = self.to_camera(points)
        flat = seen[..., :2] * (-self.focal / seen[..., 2:])
        return flat * (1, -1) + self.centre

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, rotation row by row, as in the contract's `CameraRecord`."""
        return {
            "focal": float(self.focal),
            "centre": tuple(self.centre.tolist()),
            "rotation": tuple(self.rotation.ravel().tolist()),
            "translation": tuple(self.translation.tolist()),
            "width": self.width,
            "height": self.height,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Camera:
        """The inverse of `to_json`, to the last bit."""
        return cls(
            float(record["focal"]),
            np.array(record["centre"], np.float64),
            np.array(record["rotation"], np.float64).reshape(3, 3),
            np.array(record["translation"], np.float64),
            int(record["width"]),
            int(record["height"]),
        )


def default_focal(width: int, height: int) -> float:
    """Focal length in pixels to assume before anything is read: a 50 mm equivalent.

    Telephones take portraits at 24-77 mm and cameras at 35-135 mm, and pictures are cropped
    afterwards, which lengthens the equivalent; 50 mm is a middle, not a measurement. The head's
    distance comes out wrong by the same factor as the focal length.
    """
    return float(NORMAL_LENS * np.hypot(width, height))


def focal_at(
    distance: float,
    place: ArrayLike,
    points3d: ArrayLike,
    points2d: ArrayLike,
    weights: ArrayLike,
    focal: float,
    centre: ArrayLike,
    size: tuple[int, int],
) -> float:
    """Focal length, pixels, under which a place (3,) metres of the head is so many metres away.

    focal : to begin with; the rest as in `solve_camera`, and what it raises.
    """
    for _ in range(_FOCAL_ROUNDS):
        camera = solve_camera(points3d, points2d, weights, focal, centre, size)
        depth = -float(camera.to_camera(place)[2])
        if depth <= 0:  # points that show no head
            break
        focal *= distance / depth
    return focal


def solve_camera(
    points3d: ArrayLike,
    points2d: ArrayLike,
    weights: ArrayLike,
    focal: float,
    centre: ArrayLike,
    size: tuple[int, int],
) -> Camera:
    """The pose under which the points project best, by weighted least squares.

    points3d : (N, 3) metres, head frame; points2d : (N, 2) pixels; weights : (N,) at least 0, of
    the squared pixel errors: 1 / variance; focal : pixels; centre : (2,) pixels; size : (width,
    height).
    Starts from scaled orthography, then Levenberg-Marquardt (Marquardt 1963).
    Raises OferError BAD_REQUEST for fewer than six points of positive weight, or not finite.
    """
    head, image = np.asarray(points3d, np.float64), np.asarray(points2d, np.float64)
    weight = np.asarray(weights, np.float64)
    used = weight > 0
    head, image, weight = head[used], image[used], weight[used]
    if len(head) < MIN_POINTS or not all(np.isfinite(a).all() for a in (head, image, weight)):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "Too few points of the face are seen to find its camera.",
            "Place the face by hand, or choose another photo.",
        )
    middle = np.asarray(centre, np.float64)
    flat = (image - middle) * (1, -1)  # pixels, y up
    pose = _orthographic_pose(head, flat / focal, weight / weight.sum())
    rotation, translation = _refine(head, flat, np.sqrt(weight), pose, float(focal))
    return Camera(float(focal), middle, rotation, translation, *size)


def _orthographic_pose(head: Array, flat: Array, share: Array) -> tuple[Array, Array]:
    """Rotation and translation of a scaled orthographic camera.

    head : (N, 3); flat : (N, 2) image over focal length; share : (N,) weights that sum to 1.
    """
    head_mean, flat_mean = share @ head, share @ flat
    root = np.sqrt(share)[:, None]
    rows = np.linalg.lstsq((head - head_mean) * root, (flat - flat_mean) * root, rcond=1e-6)[0].T
    u, sizes, vt = np.linalg.svd(rows, full_matrices=False)
    scale = max(float(sizes.mean()), 1e-9)  # 1 / distance
    first, second = u @ vt
    rotation = np.stack((first, second, np.cross(first, second)))
    seen = np.array((*(flat_mean / scale), -1 / scale))
    return rotation, seen - rotation @ head_mean


def _refine(
    head: Array, flat: Array, root: Array, pose: tuple[Array, Array], focal: float
) -> tuple[Array, Array]:
    """Rotation and translation after Levenberg-Marquardt on turn (3) and shift (3).

    head : (N, 3); flat : (N, 2) pixels about the centre, y up; root : (N,) roots of the weights.
    """
    damping = 1e-3
    residual, slopes = _errors(head, flat, root, pose, focal)
    for _ in range(_ROUNDS):
        cost = float(residual @ residual)
        normal = slopes.T @ slopes
        damped = normal + damping * np.diag(np.diag(normal) + 1e-12)
        step = -np.linalg.solve(damped, slopes.T @ residual)
        rotation, translation = pose
        trial = (rotation_matrix(step[:3]) @ rotation, translation + step[3:])
        new_residual, new_slopes = _errors(head, flat, root, trial, focal)
        new_cost = float(new_residual @ new_residual)
        if not new_cost <= cost:
            damping *= 10
            if damping > 1e12:
                break
            continue
        pose, residual, slopes = trial, new_residual, new_slopes
        damping = max(damping / 10, 1e-12)
        if cost - new_cost <= 1e-14 * cost or cost < 1e-24:
            break
    rotation, translation = pose
    return _orthonormal(rotation), translation


def _errors(
    head: Array, flat: Array, root: Array, pose: tuple[Array, Array], focal: float
) -> tuple[Array, Array]:
    """Weighted errors (2N + 1,) and their derivatives (2N + 1, 6) by turn and shift.

    The last row is zero. It changes nothing but how BLAS groups the sum over rows: without it a
    photo's camera would differ in its last bits from that in folders that are there.
    """
    rotation, translation = pose
    turned = head @ rotation.T
    seen = turned + translation
    depth = np.maximum(-seen[:, 2], 1e-6)
    plane = seen[:, :2] * (focal / depth)[:, None]
    by_seen = np.zeros((len(head), 2, 3))
    by_seen[:, 0, 0] = by_seen[:, 1, 1] = focal / depth
    by_seen[:, :, 2] = plane / depth[:, None]
    errors, slopes = np.zeros(2 * len(head) + 1), np.zeros((2 * len(head) + 1, 6))
    errors[:-1] = ((plane - flat) * root[:, None]).ravel()
    # A small turn w moves a point by w x turned; its derivative is the cross product's matrix.
    by_pose = np.concatenate((np.cross(turned[:, None], by_seen), by_seen), axis=2)
    slopes[:-1] = (by_pose * root[:, None, None]).reshape(-1, 6)
    return errors, slopes


def _orthonormal(matrix: Array) -> Array:
    u, _, vt = np.linalg.svd(matrix)
    return u @ vt
