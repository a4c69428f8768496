"""Weights and place of the head in each frame, given the person: a maximum a posteriori fit.

The points that a frame shows, as sure as the conditioner says each is, and lips that the detector
sees further apart, against the person's head under a pinhole camera; the regressed weights are the
prior. Gauss-Newton with the weights held in 0..1, all frames of a block at once. The inverse of the
normal matrix is the variance of what was found, which the smoother takes for measurement noise
(`smooth`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..contract.arkit import ARKIT_52
from ..geometry.rotations import rotation_matrix
from ..heads.camera import solve_camera
from ..heads.expression_fit import INFORMATION
from ..heads.lip_opening import wider
from .face_model import FaceModel
from .readings import Readings

PRIOR_DEVIATION: Final = 0.10
"""Of a regressed weight: the conditioner's root mean square error on held-out heads (its card)."""
_UNSEEN: Final = 6.0
"""Times that a weight is less sure where nothing that it moves is seen."""
_ROUNDS: Final = 5
_BLOCK: Final = 64
_POSE: Final = 6
_FAR: Final = 1e6
_UNITS: Final = len(ARKIT_52)


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """focal : pixels; centre : (2,) pixels; size : (width, height)."""

    focal: float
    centre: np.ndarray
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Of F frames: weights (F, 52) and their deviation (F, 52); rotation (F, 3, 3) and translation
    (F, 3) metres, head → camera; pose_deviation (F, 6) radians and metres. Frames without a face
    are zeros, and the identity rotation."""

    weights: np.ndarray
    deviation: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    pose_deviation: np.ndarray


def fit(
    model: FaceModel,
    readings: Readings,
    lens: Intrinsics,
    on_step: Callable[[int, int], None] = lambda done, of: None,
) -> Fitted:
    """Fit all frames. on_step : called with how many are done, and of how many; may raise."""
    frames = len(readings)
    fitted = Fitted(
        np.zeros((frames, _UNITS)),
        np.zeros((frames, _UNITS)),
        np.broadcast_to(np.eye(3), (frames, 3, 3)).copy(),
        np.zeros((frames, 3)),
        np.zeros((frames, _POSE)),
    )
    seen = np.flatnonzero(readings.seen)
    for first in range(0, len(seen), _BLOCK):
        rows = seen[first : first + _BLOCK]
        found = _fit_block(model, _Observed.of(model, readings, rows), lens)
        for name, values in found.items():
            getattr(fitted, name)[rows] = values
        on_step(first + len(rows), len(seen))
    return fitted


@dataclass(frozen=True, eq=False)
class _Observed:
    """places : (B, N, 2) pixels; precision : (B, N) 1 / pixels²; prior, prior_precision : (B, 52)
    of the weights; lips : (B, M, 2) pixels from the lower rim to the upper; lips_precision :
    (B,)."""

    places: np.ndarray
    precision: np.ndarray
    prior: np.ndarray
    prior_precision: np.ndarray
    lips: np.ndarray
    lips_precision: np.ndarray

    @staticmethod
    def of(model: FaceModel, readings: Readings, rows: np.ndarray) -> _Observed:
        points = readings.visible[rows] / np.maximum(readings.deviation[rows], 1e-3) ** 2
        irises = _lids(readings, rows) / np.maximum(readings.irises_deviation[rows], 1e-3) ** 2
        count = len(model.neutral)
        places = np.concatenate([readings.points[rows], readings.irises[rows]], axis=1)[:, :count]
        precision = np.concatenate([points, irises], axis=1)[:, :count]
        share = seen_share(model, readings.visible[rows])
        deviation = PRIOR_DEVIATION * (1 + (_UNSEEN - 1) * (1 - share) ** 2)
        return _Observed(
            places.astype(np.float64),
            INFORMATION * precision.astype(np.float64),
            readings.expression[rows].astype(np.float64),
            deviation**-2.0,
            readings.lips[rows].astype(np.float64),
            model.lips.seen(readings.visible[rows].astype(np.float64))[:, 0]
            / np.maximum(readings.lips_deviation[rows], 1e-3).astype(np.float64) ** 2,
        )


def seen_share(model: FaceModel, visible: np.ndarray) -> np.ndarray:
    """(B, 52) 0..1: how far what each unit moves is seen, of points visible (B, P) 0..1."""
    moved = np.square(model.units[:, : model.points]).sum(axis=2)  # (52, P)
    total = moved.sum(axis=1)
    share = visible.astype(np.float64) @ moved.T / np.maximum(total, 1e-12)
    return np.where(total > 0, np.clip(share, 0, 1), 1.0)


def _lids(readings: Readings, rows: np.ndarray) -> np.ndarray:
    """(B, I) 0..1: irises behind closed lids, or a hand, say nothing."""
    weights = readings.expression[rows]
    each = [
        np.clip(1.2 - 1.6 * weights[:, ARKIT_52.index(f"eyeBlink{side}")], 0, 1)
        for side in ("Left", "Right")
    ]
    half = readings.irises.shape[1] // 2
    seen = readings.visible[rows].mean(axis=1)
    return (
        np.concatenate([np.repeat(one[:, None], half, 1) for one in each], axis=1) * seen[:, None]
    )


def _fit_block(model: FaceModel, observed: _Observed, lens: Intrinsics) -> dict[str, np.ndarray]:
    weights = np.clip(observed.prior, 0.0, 1.0)
    rotation, translation = _poses(model, observed, weights, lens)
    for _ in range(_ROUNDS):
        normal, slope = _normal_equations(model, observed, weights, rotation, translation, lens)
        inner = slope[:, _POSE:]
        held = ((weights <= 0) & (inner > 0)) | ((weights >= 1) & (inner < 0))
        stiff = normal.copy()
        index = np.arange(_POSE, _POSE + _UNITS)
        stiff[:, index, index] += np.where(held, _FAR * observed.prior_precision, 0.0)
        step = -np.linalg.solve(stiff, slope[..., None])[..., 0]
        rotation = rotation_matrix(step[:, :3]) @ rotation
        translation = translation + step[:, 3:_POSE]
        weights = np.clip(weights + step[:, _POSE:], 0.0, 1.0)
    inverse = np.linalg.inv(normal)
    deviation = np.sqrt(np.maximum(np.einsum("bii->bi", inverse), 1e-12))
    return {
        "weights": weights,
        "deviation": deviation[:, _POSE:],
        "rotation": rotation,
        "translation": translation,
        "pose_deviation": deviation[:, :_POSE],
    }


def _poses(
    model: FaceModel, observed: _Observed, weights: np.ndarray, lens: Intrinsics
) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and translation of each frame alone, at the regressed weights."""
    moved = model.moved(weights)[:, : model.points]
    cameras = [
        solve_camera(
            places,
            observed.places[row, : model.points],
            observed.precision[row, : model.points] + 1e-12,
            lens.focal,
            lens.centre,
            lens.size,
        )
        for row, places in enumerate(moved)
    ]
    return (
        np.stack([each.rotation for each in cameras]),
        np.stack([each.translation for each in cameras]),
    )


def _normal_equations(
    model: FaceModel,
    observed: _Observed,
    weights: np.ndarray,
    rotation: np.ndarray,
    translation: np.ndarray,
    lens: Intrinsics,
) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrices (B, 58, 58) and slopes (B, 58) by turn, shift and weights."""

    def seen(surface: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _projected(surface, units, rotation, translation, lens)

    plane, jacobian = seen(model.moved(weights), model.units)
    wanted = (observed.places - lens.centre) * (1, -1)
    root = np.sqrt(observed.precision)[..., None]
    lips, count = model.lips, model.lips.neutral.shape[1]
    flat = (lips.moved(weights).reshape(len(weights), -1, 3), lips.units.reshape(_UNITS, -1, 3))
    rims, by_rims = seen(*flat)
    apart, shown = rims[:, :count] - rims[:, count:], observed.lips * (1, -1)
    missed = apart - shown
    sure = observed.lips_precision * wider(shown, apart)
    lips_root = np.sqrt(sure)[:, None, None]
    residual = np.concatenate(((plane - wanted) * root, missed * lips_root), axis=1)
    by_lips = (by_rims[:, :count] - by_rims[:, count:]) * lips_root[..., None]
    rows = np.concatenate((jacobian * root[..., None], by_lips), axis=1)
    residual = residual.reshape(len(weights), -1)
    rows = rows.reshape(len(weights), residual.shape[1], -1)
    normal = rows.transpose(0, 2, 1) @ rows
    slope = (rows.transpose(0, 2, 1) @ residual[..., None])[..., 0]
    index = np.arange(_POSE, _POSE + _UNITS)
    normal[:, index, index] += observed.prior_precision
    slope[:, _POSE:] += observed.prior_precision * (weights - observed.prior)
    return normal, slope


def _projected(
    surface: np.ndarray,
    units: np.ndarray,
    rotation: np.ndarray,
    translation: np.ndarray,
    lens: Intrinsics,
) -> tuple[np.ndarray, np.ndarray]:
    """Where points (B, N, 3) metres are seen, (B, N, 2) pixels from the centre, y up, and (B, N,
    2, 58) their slopes by turn, shift and weights, of units (52, N, 3)."""
    turned = np.einsum("bnk,bjk->bnj", surface, rotation)
    at = turned + translation[:, None]
    depth = np.maximum(-at[..., 2], 1e-6)
    plane = at[..., :2] * (lens.focal / depth)[..., None]
    by_place = np.zeros((*at.shape[:2], 2, 3))
    by_place[..., 0, 0] = by_place[..., 1, 1] = lens.focal / depth
    by_place[..., 2] = plane / depth[..., None]
    jacobian = np.empty((*at.shape[:2], 2, _POSE + _UNITS))
    jacobian[..., :3] = np.cross(turned[:, :, None], by_place)
    jacobian[..., 3:_POSE] = by_place
    turned_units = np.einsum("unk,bjk->bnju", units, rotation, optimize=True)
    jacobian[..., _POSE:] = by_place @ turned_units
    return plane, jacobian
