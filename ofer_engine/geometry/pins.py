"""Pins that condition a Gaussian of shapes: a point is seen at a place in a photo, and the rest
follows as the shapes drawn for the photo say it must. numpy alone.

A pin observes the projection of one point with a small deviation. To first order that is linear in
the shape without expression, in the photo's expression and in the camera's pose. Shapes and
expressions drawn are Gaussians, kept by their principal directions: shape + Σ z_r modes_r with z_r
independent and of deviation 1. For each of them the camera's pose is the one that fits the photo's
landmarks best. What is shown then moves by the gain times what the pins miss (Rasmussen and
Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.22 f.); every shape of a gallery so
moved is a sample of the posterior where it was one of the prior (Matheron's rule).

What no shape drawn does bends the shape near the pin, as the shapes vary there: their covariance,
tapered to nothing with distance (Gaspari and Cohn 1999; Luthi et al. 2018). So an ear comes out
with its root on the skull, which hardly varies.
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
"""Deviations that the Gaussian goes along with. A pin beyond says the less of the rest, and holds
the camera the less, the farther it is; what it asks for then bends the shape around it."""
REACH: Final = 0.1
"""Metres around a pin, beyond which nothing bends with it. Chosen by eye on three portraits: within
6 cm ears grow points, from 9 to 13 cm they look alike."""
_FREE: Final = 0.001
"""Metres: deviation of a bend that the shapes drawn do not have, so that any pin comes home."""
_FREE_REACH: Final = 0.04
_EXACT: Final = 0.0001
"""Metres: how exactly the bend meets pins. Keeps two at one point from pulling without end."""


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
        """(2P, Z) metres that the latent numbers move the pins, (2P,) what these miss, as far as
        the Gaussian goes along, and (P,) how many deviations each misses."""
        modes = len(self.modes)
        rows = np.zeros((len(pins), 2, self.columns[-1].stop))
        missed = np.zeros((len(pins), 2))
        for number, pin in enumerate(pins):
            pose, own = self.poses[pin.view], self.columns[pin.view]
            seen = pose.observed(pin.vertex, pin.place)
            rows[number, :, :modes], rows[number, :, own], missed[number] = seen
        apart = _deviations(rows, missed)
        share = np.square(IMPROBABLE / np.maximum(apart, IMPROBABLE))
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
        vertices, count = np.array([pin.vertex for pin in pins]), len(pins)
        away = _distances(self.shape, vertices)
        near, free = _taper(away / REACH), _FREE**2 * _taper(away / _FREE_REACH)
        at = self.modes[:, vertices].astype(np.float64)
        alike = near[vertices, :, None, None] * np.einsum("rpi,rqj->pqij", at, at)
        alike = np.moveaxis(alike + free[vertices, :, None, None] * np.eye(3), 2, 1)
        alike, pulls = alike.reshape(3 * count, -1), np.zeros(3 * count)
        for _ in range(2):  # a bend goes into the depth, too, and is seen larger or smaller there
            points = moved[vertices] + (alike @ pulls).reshape(count, 3)
            rows, left = self._left(points, expressions, viewpoints, pins, bent)
            pulls += _pulls(rows, alike, left)
        pulls = pulls.reshape(count, 3)
        latent = np.einsum("rpi,pi->pr", at, pulls).astype(self.modes.dtype)
        bends = free @ pulls
        for pin, row in enumerate(latent):
            bends += near[:, pin, None] * np.tensordot(row, self.modes, 1)
        return bends

    def _left(
        self,
        points: np.ndarray,
        expressions: Sequence[np.ndarray],
        viewpoints: Sequence[Viewpoint],
        pins: Sequence[Pin],
        bent: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(2P, 3P) how pinned points (P, 3), metres, without expression, are seen to move, and
        (2P,) metres that the bent ones miss; the others none."""
        rows, left = np.zeros((len(pins), 2, len(pins), 3)), np.zeros((len(pins), 2))
        for number, pin in enumerate(pins):
            viewpoint = viewpoints[pin.view]
            own, also = self.views[pin.view].expression, expressions[pin.view]
            point = points[number] + own[pin.vertex] + also[pin.vertex]
            rows[number, :, number] = viewpoint.across(point)
            if bent[number]:
                left[number] = viewpoint.metres(point, pin.place - viewpoint.project(point))
        return rows.reshape(left.size, -1), left.ravel()


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


def _pulls(rows: np.ndarray, alike: np.ndarray, left: np.ndarray) -> np.ndarray:
    """(3P,) of points with covariance alike (3P, 3P) that rows (2P, 3P) see, to move by left (2P,)
    metres."""
    spread = rows @ alike @ rows.T + _EXACT**2 * np.eye(len(rows))
    return rows.T @ np.linalg.solve(spread, left)


def _distances(points: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(V, P) float32: how far points (V, 3) lie from those chosen (P,)."""
    squares = np.square(points).sum(-1)
    apart = squares[:, None] + squares[chosen] - 2 * (points @ points[chosen].T)
    return np.sqrt(np.maximum(apart, 0)).astype(np.float32)


def _taper(away: np.ndarray) -> np.ndarray:
    """1 at 0, 0 from 1 on, and smooth: a correlation in space (Wendland 1995, C2)."""
    near = np.square(np.maximum(1 - away, 0))
    return near * near * (4 * away + 1)
