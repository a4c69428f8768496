"""Laying a predicted head on a scan: seven landmarks first, then the whole face.

The seven landmarks and the face region are those of the NoW challenge (Sanyal et al. 2019, and its
published evaluation). Units as given; the scans of NoW are in millimetres.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...geometry.rotations import rotation_matrix
from ...geometry.similarity import Similarity
from ...geometry.surface import Closest, Surface

LANDMARKS: Final = (
    "right eye, outer corner",
    "right eye, inner corner",
    "left eye, inner corner",
    "left eye, outer corner",
    "nose, bottom",
    "mouth, right corner",
    "mouth, left corner",
)
DETECTOR_LANDMARKS: Final = (33, 133, 362, 263, 2, 61, 291)  # the same among the detector's 468

_COARSE_POINTS: Final = 3000
_ROUNDS: Final = 50
_ENOUGH: Final = 1e-6  # relative gain in the squared error below which a round was the last,
_ENOUGH_FOR_ALL: Final = 1e-4  # and where all the points only confirm what a share has found
_REFUSALS: Final = 6  # in a row: then no shorter step helps either
_TOUCHING: Final = 1e-8  # of the size of a face: nothing is left to gain


def face_region(points: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(N,) bool: which points (N, 3) lie on the face, given its seven landmarks (7, 3).

    NoW's ball: centre 0.3 of the way from the bottom of the nose to between the inner eye corners,
    radius 1.4 times the mean of that whole way and the distance of the outer eye corners.
    """
    nose = landmarks[4]
    bridge = (landmarks[1] + landmarks[2]) / 2
    eyes = np.linalg.norm(landmarks[0] - landmarks[3])
    radius = 1.4 * (eyes + np.linalg.norm(bridge - nose)) / 2
    return np.linalg.norm(points - (nose + 0.3 * (bridge - nose)), axis=1) <= radius


def distances(surface: Surface, placed: Similarity, points: np.ndarray) -> np.ndarray:
    """(N,) distances of scan points (N, 3) from the placed surface, in the scan's unit."""
    return placed.scale * surface.closest(placed.undo(points)).distance


def refine(surface: Surface, start: Similarity, points: np.ndarray, scaling: bool) -> Similarity:
    """The placement near `start` with the least sum of squared distances of scan points (N, 3).

    scaling : whether the head may also grow or shrink. Gauss-Newton, damped as Nielsen (1999)
    does, first on a random share of the points, then on all.
    """
    some = np.random.default_rng(0).permutation(len(points))[:_COARSE_POINTS]
    placed = _descend(surface, start, points[some], scaling, _ENOUGH)
    if len(some) == len(points):
        return placed
    return _descend(surface, placed, points, scaling, _ENOUGH_FOR_ALL)


def _descend(
    surface: Surface, placed: Similarity, points: np.ndarray, scaling: bool, enough: float
) -> Similarity:
    normals, centre = surface.normals, points.mean(axis=0)
    reach = np.sqrt(np.square(points - centre).sum(axis=1).mean())
    unit = np.array([1 / reach] * 3 + [1.0] * 3 + [1 / reach] * scaling)  # each moves points 1 mm
    closest = surface.closest(placed.undo(points))
    error = np.square(placed.scale * closest.distance).sum()
    damping, refusals = 1e-3, 0
    for _ in range(_ROUNDS):
        slopes, residuals = _linearised(placed, closest, normals, points)
        slopes = slopes[:, : len(unit)] * unit
        downhill = slopes.T @ residuals
        ridge = damping * len(points)
        step = np.linalg.solve(slopes.T @ slopes + ridge * np.eye(len(unit)), downhill)
        moved = _stepped(placed, unit * step, centre)
        found = surface.closest(moved.undo(points), closest.triangle)
        now = np.square(moved.scale * found.distance).sum()
        if now >= error:
            if refusals == _REFUSALS:
                break
            refusals += 1
            damping *= 2**refusals
            continue
        kept_promise = (error - now) / (step @ (ridge * step + downhill))
        damping, refusals = damping * max(1 / 3, 1 - (2 * kept_promise - 1) ** 3), 0
        gain = 1 - now / error
        placed, closest, error = moved, found, now
        if gain < enough or error < len(points) * (_TOUCHING * reach) ** 2:
            break
    return placed


def _linearised(
    placed: Similarity, closest: Closest, normals: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How each distance shrinks with a turn, a shift and a growth about the mean of the points.

    Returns slopes (N, 7), turn 3, shift 3, growth 1, and distances (N,), both in the scan's unit.
    """
    residuals = placed.scale * closest.distance
    feet = placed.apply(closest.point)
    towards = points - feet
    touching = residuals < _TOUCHING * np.ptp(points)
    towards[touching] = (normals[closest.triangle] @ placed.rotation.T)[touching]
    towards[~touching] /= residuals[~touching, None]
    arms = feet - points.mean(axis=0)
    growth = np.einsum("ij,ij->i", towards, arms)
    return np.column_stack([np.cross(arms, towards), towards, growth]), residuals


def _stepped(placed: Similarity, step: np.ndarray, centre: np.ndarray) -> Similarity:
    """`placed`, then turned, shifted and (where step has 7 entries) grown about `centre`."""
    turn = rotation_matrix(step[:3])
    growth = float(np.exp(step[6])) if len(step) == 7 else 1.0
    translation = growth * turn @ (placed.translation - centre) + centre + step[3:6]
    return Similarity(growth * placed.scale, turn @ placed.rotation, translation)
