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

from .modes import weighted
from .photo_pose import LandmarkedPhoto, PosePosterior
from .viewpoint import Viewpoint

DEVIATION: Final = 0.0005
"""Metres at the point: how exactly a hand sets a pin. A guess."""
IMPROBABLE: Final = 4.0
"""Deviations that the Gaussian goes along with; what a pin asks for beyond bends the shape around
it."""
REACH: Final = 0.012
"""Metres around a pin that bend with it."""
_RIDGE: Final = 1e-3
"""Keeps two pins at one point from pulling against each other without end."""


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


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known before any pin: the shape shown, its modes and the photos of it."""

    shape: np.ndarray
    modes: np.ndarray
    views: tuple[LandmarkedPhoto, ...]
    poses: tuple[PosePosterior, ...]
    columns: tuple[slice, ...]

    @classmethod
    def of(cls, shape: np.ndarray, modes: np.ndarray, views: Sequence[LandmarkedPhoto]) -> Prior:
        """shape : (V, 3) metres, without expression; modes : (R, V, 3) of deviation 1; all in one
        frame."""
        shape = np.asarray(shape, np.float64)
        poses = tuple(PosePosterior.of(shape, modes, view) for view in views)
        return cls(shape, modes, tuple(views), poses, tuple(_columns(len(modes), views)))

    def given(self, pins: Sequence[Pin]) -> Pinned:
        """How the shape moves under pins."""
        modes = len(self.modes)
        rows, missed, apart = self._observed(pins)
        bent = apart > IMPROBABLE
        latent = _posterior(rows, missed)
        identity = latent[:modes]
        moves = weighted(identity, self.modes)
        both = zip(self.poses, self.columns, strict=True)
        after = [each.after(identity, latent[own]) for each, own in both]
        expressions, viewpoints = tuple(each for each, _ in after), tuple(each for _, each in after)
        if bent.any():
            moves += self._bending(self.shape + moves, expressions, viewpoints, pins, bent)
        return Pinned(moves, expressions, viewpoints, apart, bent)

    def measured(self, pins: Sequence[Pin]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What pins measure of the modes alone: (2P, R) metres that each moves them, (2P, 2P)
        covariance of what expression, pose and hand add, and (2P,) what the pins miss, as far as
        the modes go along."""
        rows, missed, _ = self._observed(pins)
        modes, own = np.split(rows, [len(self.modes)], axis=1)
        return modes, own @ own.T + DEVIATION**2 * np.eye(len(own)), missed

    def _observed(self, pins: Sequence[Pin]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(2P, Z) metres that the latent numbers move the pins, (2P,) what these miss, up to
        IMPROBABLE deviations, and (P,) how many deviations each misses."""
        modes = len(self.modes)
        rows = np.zeros((len(pins), 2, self.columns[-1].stop))
        missed = np.zeros((len(pins), 2))
        for number, pin in enumerate(pins):
            pose, own = self.poses[pin.view], self.columns[pin.view]
            seen = pose.observed(pin.vertex, pin.place)
            rows[number, :, :modes], rows[number, :, own], missed[number] = seen
        apart = _deviations(rows, missed)
        share = IMPROBABLE / np.maximum(apart, IMPROBABLE)
        return rows.reshape(-1, rows.shape[-1]), (missed * share[:, None]).ravel(), apart

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


def _deviations(rows: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """(P,) Mahalanobis distance of what each pin misses (P, 2), by itself."""
    spread = rows @ np.swapaxes(rows, 1, 2) + DEVIATION**2 * np.eye(2)
    solved = np.linalg.solve(spread, missed[..., None])[..., 0]
    return np.sqrt(np.maximum((missed * solved).sum(-1), 0.0))


def _posterior(rows: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Mean of the latent numbers given all pins: rows (2P, Z), missed (2P,)."""
    spread = rows @ rows.T + DEVIATION**2 * np.eye(len(rows))
    return rows.T @ np.linalg.solve(spread, missed)
