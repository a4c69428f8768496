"""Where a photo of a head was taken from, as far as its landmarks tell: a Gaussian of poses that
follows what the head and its expression are. numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .modes import weighted
from .viewpoint import Viewpoint

_ALIKE: Final = 30.0
"""Landmarks of a photo err together: so many count as one. Chosen on the 40 heads of
benchmarks/pins.py, where 10 to 300 differ by 2 % of the error."""
_POSE: Final = np.array([0.1, 0.1, 0.1, 0.02, 0.02, 0.1])
"""Radians and metres, camera frame: deviations of the pose where no landmark is seen."""


@dataclass(frozen=True, eq=False)
class LandmarkedPhoto:
    """A photo of the head. viewpoint : its camera; expression : (V, 3) metres that its expression
    moves the shape; expression_modes : (Q, V, 3), of deviation 1; vertices : (L,) points that
    landmarks (L, 2), pixels, were found of; precision : (L,) inverse variance of each, pixels, 0
    where unseen."""

    viewpoint: Viewpoint
    expression: np.ndarray
    expression_modes: np.ndarray
    vertices: np.ndarray
    landmarks: np.ndarray
    precision: np.ndarray


@dataclass(frozen=True, eq=False)
class PosePosterior:
    """What a photo's landmarks say of its pose: the best one for the shape shown (6,), how it
    follows modes and expression modes (6, R + Q), and the root of its covariance (6, 6)."""

    shape: np.ndarray
    modes: np.ndarray
    view: LandmarkedPhoto
    anchor: np.ndarray
    best: np.ndarray
    follows: np.ndarray
    root: np.ndarray

    @classmethod
    def of(cls, shape: np.ndarray, modes: np.ndarray, view: LandmarkedPhoto) -> PosePosterior:
        viewpoint, vertices = view.viewpoint, view.vertices
        points = shape[vertices] + view.expression[vertices]
        anchor = viewpoint.to_camera((points if len(points) else shape).mean(0))
        missed = viewpoint.metres(points, view.landmarks - viewpoint.project(points))
        pixel = viewpoint.metres(points, np.broadcast_to((1.0, 0.0), missed.shape))[:, 0]
        weight = view.precision / np.square(pixel) / _ALIKE
        by_modes = _by_modes(viewpoint, points, modes, view.expression_modes, vertices)
        by_pose = viewpoint.by_pose(points, anchor)
        weighted = (by_pose * weight[:, None, None]).reshape(-1, 6)
        covariance = np.linalg.inv(weighted.T @ by_pose.reshape(-1, 6) + np.diag(1 / _POSE**2))
        gain = covariance @ weighted.T
        return cls(
            shape, modes, view, anchor,
            gain @ missed.ravel(),
            -gain @ by_modes.reshape(-1, by_modes.shape[-1]),
            np.linalg.cholesky(covariance),
        )  # fmt: skip

    def observed(self, vertex: int, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(2, R), (2, Q + 6) metres across the line of sight that the latent numbers move a
        vertex, and (2,) what it misses of its place (2,), pixels."""
        viewpoint, at, modes = self.view.viewpoint, np.array([vertex]), len(self.modes)
        points = self.shape[at] + self.view.expression[at]
        by_pose = viewpoint.by_pose(points, self.anchor)[0]
        rows = _by_modes(viewpoint, points, self.modes, self.view.expression_modes, at)[0]
        rows = rows + by_pose @ self.follows
        missed = viewpoint.metres(points, place - viewpoint.project(points))[0]
        missed = missed - by_pose @ self.best
        return rows[:, :modes], np.hstack([rows[:, modes:], by_pose @ self.root]), missed

    def after(self, identity: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, Viewpoint]:
        """The expression's moves (V, 3) and the camera for latent numbers (R,) and (Q + 6,)."""
        expression = own[:-6]
        pose = self.best + self.follows @ np.r_[identity, expression] + self.root @ own[-6:]
        moves = weighted(expression, self.view.expression_modes)
        return moves, self.view.viewpoint.moved(pose, self.anchor)


def _by_modes(
    viewpoint: Viewpoint,
    points: np.ndarray,
    modes: np.ndarray,
    expression_modes: np.ndarray,
    vertices: np.ndarray,
) -> np.ndarray:
    """(P, 2, R + Q) metres across the line of sight that each mode moves points (P, 3)."""
    both = np.concatenate([modes[:, vertices], expression_modes[:, vertices]]).astype(np.float64)
    return viewpoint.across(points) @ np.moveaxis(both, 0, -1)
