"""Pins that condition a Gaussian of shapes: a point is seen at a place in a photo, and the rest
follows as the shapes drawn for the photo say it must. numpy alone.

A pin observes the projection of one point with a small deviation. To first order that is linear in
the shape without expression, in the photo's expression and in the camera's pose. Shapes and
expressions drawn are Gaussians, kept by their principal directions: shape + Σ z_r modes_r with z_r
independent and of deviation 1. For each of them the camera's pose is the one that fits the photo's
landmarks best. What is shown then moves by the gain times what the pins miss (Rasmussen and
Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.22 f.); every shape of a gallery so
moved is a sample of the posterior where it was one of the prior (Matheron's rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .viewpoint import Viewpoint

DEVIATION: Final = 0.0005
"""Metres at the point: how exactly a hand sets a pin. A guess."""
IMPROBABLE: Final = 4.0
"""Deviations that the Gaussian goes along with; what a pin asks for beyond bends the shape around
it."""
REACH: Final = 0.012
"""Metres around a pin that bend with it."""
_ALIKE: Final = 30.0
"""Landmarks of a photo err together: so many count as one. Chosen on the 40 heads of
benchmarks/pins.py, where 10 to 300 differ by 2 % of the error."""
_POSE: Final = np.array([0.1, 0.1, 0.1, 0.02, 0.02, 0.1])
"""Radians and metres, camera frame: deviations of the pose where no landmark is seen."""
_RIDGE: Final = 1e-3
"""Keeps two pins at one point from pulling against each other without end."""


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
class Pin:
    """vertex : index of the point; place : (2,) pixels where it is seen; view : in which photo."""

    vertex: int
    place: np.ndarray
    view: int = 0


@dataclass(frozen=True, eq=False)
class Pinned:
    """moves : (V, 3) float64, metres, of the shape without expression; expressions, viewpoints : of
    each view, (V, 3) metres that the expression changes, and the camera; deviations : (P,)
    Mahalanobis distance of each pin by itself; bent : (P,) bool, those beyond IMPROBABLE."""

    moves: np.ndarray
    expressions: tuple[np.ndarray, ...]
    viewpoints: tuple[Viewpoint, ...]
    deviations: np.ndarray
    bent: np.ndarray


def principal_modes(shapes: np.ndarray, most: int) -> np.ndarray:
    """(R, V, 3) float64, R <= most: principal directions of shapes (N, V, 3), each of deviation 1,
    the largest first; none where there are fewer than two shapes."""
    shapes = np.asarray(shapes, np.float64)
    if len(shapes) < 2:
        return np.zeros((0, *shapes.shape[1:]))
    away = (shapes - shapes.mean(0)) / np.sqrt(len(shapes) - 1)
    return largest_modes(away.reshape(len(away), -1), most).reshape(-1, *shapes.shape[1:])


def largest_modes(directions: np.ndarray, most: int) -> np.ndarray:
    """(R, D) float64, R <= most: orthogonal rows with the covariance that directions (N, D) sum
    to, but for what is smallest."""
    squares, turns = np.linalg.eigh(directions @ directions.T)
    kept = np.argsort(-squares)[:most]
    kept = kept[squares[kept] > 1e-9 * max(float(squares.max(initial=0.0)), 1e-30)]
    return turns[:, kept].T @ directions


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known before any pin: the shape shown, its modes and the photos of it."""

    shape: np.ndarray
    modes: np.ndarray
    views: tuple[LandmarkedPhoto, ...]
    poses: tuple[_PosePosterior, ...]
    columns: tuple[slice, ...]

    @classmethod
    def of(cls, shape: np.ndarray, modes: np.ndarray, views: Sequence[LandmarkedPhoto]) -> Prior:
        """shape : (V, 3) metres, without expression; modes : (R, V, 3) of deviation 1; all in one
        frame."""
        shape = np.asarray(shape, np.float64)
        poses = tuple(_PosePosterior.of(shape, modes, view) for view in views)
        return cls(shape, modes, tuple(views), poses, tuple(_columns(len(modes), views)))

    def given(self, pins: Sequence[Pin]) -> Pinned:
        """How the shape moves under pins."""
        modes = len(self.modes)
        rows = np.zeros((len(pins), 2, self.columns[-1].stop))
        missed = np.zeros((len(pins), 2))
        for number, pin in enumerate(pins):
            by_modes, by_own, missed[number] = self.poses[pin.view].observed(pin)
            rows[number, :, :modes], rows[number, :, self.columns[pin.view]] = by_modes, by_own
        apart = _deviations(rows, missed)
        bent = apart > IMPROBABLE
        share = np.where(bent, IMPROBABLE / np.maximum(apart, 1e-12), 1.0)
        latent = _posterior(rows.reshape(-1, rows.shape[-1]), (missed * share[:, None]).ravel())
        identity = latent[:modes]
        moves = _weighted(identity, self.modes)
        both = zip(self.poses, self.columns, strict=True)
        after = [each.after(identity, latent[own]) for each, own in both]
        expressions, viewpoints = tuple(each for each, _ in after), tuple(each for _, each in after)
        if bent.any():
            moves += self._bending(self.shape + moves, expressions, viewpoints, pins, bent)
        return Pinned(moves, expressions, viewpoints, apart, bent)

    def _bending(
        self,
        moved: np.ndarray,
        expressions: Sequence[np.ndarray],
        viewpoints: Sequence[Viewpoint],
        pins: Sequence[Pin],
        bent: np.ndarray,
    ) -> np.ndarray:
        """(V, 3) metres that bring the bent pins home and fade within REACH; the others stay."""
        vertices = np.array([pin.vertex for pin in pins])
        left = np.zeros((len(pins), 3))
        for number in np.flatnonzero(bent).tolist():
            pin = pins[number]
            expression, viewpoint = self.views[pin.view].expression, viewpoints[pin.view]
            point = (moved + expression + expressions[pin.view])[pin.vertex]
            missed = viewpoint.metres(point, pin.place - viewpoint.project(point))
            left[number] = missed @ viewpoint.rotation[:2]
        squares = np.square(self.shape[:, None] - self.shape[vertices]).sum(-1)
        near: np.ndarray = np.exp(-squares / (2 * REACH**2))
        shares = np.linalg.solve(near[vertices] + _RIDGE * np.eye(len(pins)), left)
        return near @ shares


def _columns(modes: int, views: Sequence[LandmarkedPhoto]) -> list[slice]:
    """Which of the latent numbers are a view's own: its expression's, and six of its pose."""
    found: list[slice] = []
    start = modes
    for view in views:
        stop = start + len(view.expression_modes) + 6
        found.append(slice(start, stop))
        start = stop
    return found


@dataclass(frozen=True, eq=False)
class _PosePosterior:
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
    def of(cls, shape: np.ndarray, modes: np.ndarray, view: LandmarkedPhoto) -> _PosePosterior:
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

    def observed(self, pin: Pin) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(2, R), (2, Q + 6) metres across the line of sight that the latent numbers move a pin's
        point, and (2,) what it misses."""
        viewpoint, at, modes = self.view.viewpoint, np.array([pin.vertex]), len(self.modes)
        points = self.shape[at] + self.view.expression[at]
        by_pose = viewpoint.by_pose(points, self.anchor)[0]
        rows = _by_modes(viewpoint, points, self.modes, self.view.expression_modes, at)[0]
        rows = rows + by_pose @ self.follows
        missed = viewpoint.metres(points, pin.place - viewpoint.project(points))[0]
        missed = missed - by_pose @ self.best
        return rows[:, :modes], np.hstack([rows[:, modes:], by_pose @ self.root]), missed

    def after(self, identity: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, Viewpoint]:
        """The expression's moves (V, 3) and the camera for latent numbers (R,) and (Q + 6,)."""
        expression = own[:-6]
        pose = self.best + self.follows @ np.r_[identity, expression] + self.root @ own[-6:]
        moves = _weighted(expression, self.view.expression_modes)
        return moves, self.view.viewpoint.moved(pose, self.anchor)


def _weighted(weights: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """(V, 3) float64: the sum of modes (R, V, 3)."""
    return np.tensordot(weights.astype(modes.dtype), modes, 1).astype(np.float64)


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


def _deviations(rows: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """(P,) Mahalanobis distance of what each pin misses (P, 2), by itself."""
    spread = rows @ np.swapaxes(rows, 1, 2) + DEVIATION**2 * np.eye(2)
    solved = np.linalg.solve(spread, missed[..., None])[..., 0]
    return np.sqrt(np.maximum((missed * solved).sum(-1), 0.0))


def _posterior(rows: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Mean of the latent numbers given all pins: rows (2P, Z), missed (2P,)."""
    spread = rows @ rows.T + DEVIATION**2 * np.eye(len(rows))
    return rows.T @ np.linalg.solve(spread, missed)
