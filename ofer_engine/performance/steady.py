"""From what was fitted frame by frame to a motion: smoothed, bridged where nothing was seen.

How much of a reading is noise is told by the video itself, from frame to frame; how that noise
changes over time by the conditioner, whose deviations went into the fit. How fast each unit may
move is known: lids and eyes leap, lips are quick, brows and cheeks are slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from ..contract.arkit import ARKIT_52
from .blinks import LIDS, blinks, shut
from .fit import Fitted
from .readings import Readings
from .smooth import Smoothed, constant_velocity, random_walk

HIDDEN: Final = 0.45
"""Confidence below which a frame says nothing and is bridged."""
COVERED: Final = 0.5
"""Share of what a unit moves that must be seen, or its weight is bridged."""
_PACE: Final = {"eyeBlink": 1.4, "eyeLook": 0.8, "eyeWide": 0.3, "jaw": 0.35, "mouth": 0.2}
_SLOW: Final = 0.12
"""Deviation of a weight's change in a second, of its root: a random walk's pace."""
_TURN_PACE: Final = 12.0
_SHIFT_PACE: Final = 2.0
"""Deviation of the velocity's change in a second, radians and metres a second."""
_LEAST_NOISE: Final = 1e-3
_LEAST_TURN: Final = np.array([2e-3, 2e-3, 2e-3, 5e-4, 5e-4, 1e-3])
_NORMAL: Final = 0.6745
"""Median of the amounts of a normal distribution of deviation 1."""
_REST_SHARE: Final = 0.1
_REST: Final = (0.15, 0.3)
"""Weights at rest up to which they are the reading's fault, from which they are the person's."""


@dataclass(frozen=True, eq=False)
class Steady:
    """weights, deviation : (F, 52), without rest : (52,), what the reading gives a resting face;
    turns : (F, 3) radians yaw, pitch and roll as `FaceMotion` has them; place : (F, 3) metres;
    confidence : (F,) 0..1; bridged : (F,) bool, nothing was seen."""

    weights: np.ndarray
    deviation: np.ndarray
    rest: np.ndarray
    turns: np.ndarray
    place: np.ndarray
    confidence: np.ndarray
    bridged: np.ndarray


def steady(readings: Readings, fitted: Fitted, covered: np.ndarray) -> Steady:
    """Smooth each shot by itself. covered : (F, 52) bool, weights of units that are not seen."""
    confidence = readings.presence * readings.visible.mean(axis=1)
    bridged = confidence < HIDDEN
    noise = _noise(fitted.weights, fitted.deviation, ~bridged)
    shots, covered = _shots(readings.cut), covered.copy()
    found = [blinks(readings.seconds[s], fitted.weights[s], ~bridged[s]) for s in shots]
    for shot, each in zip(shots, found, strict=True):
        for blink in each:  # which is often taken for a cover
            covered[np.ix_(shot.start + blink.rows, LIDS)] = False
    noise[covered | bridged[:, None]] = np.inf
    turns = np.unwrap(yaw_pitch_roll(fitted.rotation), axis=0)
    poses = np.hstack((turns, fitted.translation))
    shaking = np.maximum(_noise(poses, fitted.pose_deviation, ~bridged), _LEAST_TURN)
    shaking[bridged] = np.inf
    weights, deviation = np.zeros_like(fitted.weights), np.ones_like(fitted.weights)
    rest = resting(fitted.weights[~bridged])
    for shot, each in zip(shots, found, strict=True):
        if bridged[shot].all():
            continue
        walked = random_walk(readings.seconds[shot], fitted.weights[shot], noise[shot], paces())
        calm = np.clip((walked.values - rest) / (1 - rest), 0.0, 1.0)
        weights[shot] = shut(calm, each)
        deviation[shot] = walked.deviation
        poses[shot] = _smooth_poses(readings.seconds[shot], poses[shot], shaking[shot]).values
    poses = _held(poses, shots, bridged)
    return Steady(weights, deviation, rest, poses[:, :3], poses[:, 3:], confidence, bridged)


def resting(weights: np.ndarray) -> np.ndarray:
    """(52,) what a unit reads where it is not moved: its tenth quantile over frames (n, 52), where
    that is small; a unit that is never at rest is meant."""
    if not len(weights):
        return np.zeros(weights.shape[1])
    low, high = _REST
    usual = np.quantile(weights, _REST_SHARE, axis=0)
    return usual * np.clip((high - usual) / (high - low), 0.0, 1.0)


def paces() -> np.ndarray:
    """(52,) a second, of each unit."""
    found = [
        next((pace for stem, pace in _PACE.items() if name.startswith(stem)), _SLOW)
        for name in ARKIT_52
    ]
    return np.array(found)


def yaw_pitch_roll(rotation: np.ndarray) -> np.ndarray:
    """(F, 3) radians of head → camera rotations (F, 3, 3): roll first, then pitch, then yaw."""
    return Rotation.from_matrix(rotation).as_euler("YXZ")


def _noise(values: np.ndarray, deviation: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(F, S) deviation of what is noise in values (F, S) from frame to frame.

    Its size is that of the second differences, which steady movement does not have (the median of
    their amounts, so that quick movements do not count); it follows `deviation` (F, S) over time.
    seen : (F,) bool.
    """
    inner = seen[1:-1] & seen[:-2] & seen[2:]
    usual = np.median(deviation[seen], axis=0) if seen.any() else np.ones(values.shape[1])
    relative = deviation / np.maximum(usual, 1e-12)
    if not inner.any():
        return np.maximum(relative * _LEAST_NOISE, _LEAST_NOISE)
    second = (values[2:] - 2 * values[1:-1] + values[:-2])[inner]
    size = np.median(np.abs(second), axis=0) / _NORMAL / np.sqrt(6.0)
    return np.maximum(relative * size, _LEAST_NOISE)


def _smooth_poses(seconds: np.ndarray, poses: np.ndarray, noise: np.ndarray) -> Smoothed:
    pace = np.repeat((_TURN_PACE, _SHIFT_PACE), 3)
    return constant_velocity(seconds, poses, noise, pace)


def _shots(cut: np.ndarray) -> list[slice]:
    """From cut to cut."""
    borders = [0, *np.flatnonzero(cut[1:]) + 1, len(cut)]
    return [slice(first, last) for first, last in zip(borders[:-1], borders[1:], strict=True)]


def _held(poses: np.ndarray, shots: list[slice], bridged: np.ndarray) -> np.ndarray:
    """Where a whole shot shows nobody, the head stays as it was last seen; before, as it will be.
    So it does before the first and after the last frame of a shot that shows it."""
    seen = np.flatnonzero(~bridged)
    if not len(seen):
        return np.zeros_like(poses)
    held = poses.copy()
    for shot in shots:
        inside = seen[(seen >= shot.start) & (seen < shot.stop)]
        if len(inside):
            held[shot.start : inside[0]] = poses[inside[0]]
            held[inside[-1] + 1 : shot.stop] = poses[inside[-1]]
            continue
        before = seen[seen < shot.start]
        held[shot] = poses[before[-1] if len(before) else seen[seen >= shot.stop][0]]
    return held
