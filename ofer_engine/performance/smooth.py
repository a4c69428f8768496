"""The Rauch-Tung-Striebel smoother: each frame's state from all frames, before and after.

Rauch, Tung and Striebel 1965, on a random walk and on a state with a velocity. A frame that was not
measured has an infinite deviation, and is bridged. Nothing lags: the smoother looks ahead as far as
it looks back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FAR = 1e6


@dataclass(frozen=True, eq=False)
class Smoothed:
    """values, deviation : (F, S) of S signals."""

    values: np.ndarray
    deviation: np.ndarray


def random_walk(
    seconds: np.ndarray, measured: np.ndarray, deviation: np.ndarray, pace: np.ndarray
) -> Smoothed:
    """Signals that wander.

    seconds : (F,) rising; measured, deviation : (F, S), a deviation of inf where nothing was
    measured; pace : (S,) deviation of the change in a second.
    """
    frames, signals = measured.shape
    variance = np.square(deviation)
    forth, forth_variance = np.empty((frames, signals)), np.empty((frames, signals))
    ahead = _steps(seconds)[:, None] * np.square(pace)  # variance that each step adds
    state, spread = np.zeros(signals), np.full(signals, _FAR)
    for frame in range(frames):
        if frame:
            spread = spread + ahead[frame - 1]
        gain = np.where(np.isfinite(variance[frame]), spread / (spread + variance[frame]), 0.0)
        state = state + gain * (np.where(gain > 0, measured[frame], state) - state)
        spread = (1 - gain) * spread
        forth[frame], forth_variance[frame] = state, spread
    values, spreads = forth.copy(), forth_variance.copy()
    for frame in range(frames - 2, -1, -1):
        predicted = forth_variance[frame] + ahead[frame]
        back = forth_variance[frame] / np.maximum(predicted, 1e-300)
        values[frame] += back * (values[frame + 1] - forth[frame])
        spreads[frame] += np.square(back) * (spreads[frame + 1] - predicted)
    return Smoothed(values, np.sqrt(np.maximum(spreads, 0.0)))


def constant_velocity(
    seconds: np.ndarray, measured: np.ndarray, deviation: np.ndarray, pace: np.ndarray
) -> Smoothed:
    """Signals that go on as they go: white noise acceleration.

    As `random_walk`; pace : (S,) deviation of the velocity's change in a second.
    """
    frames, signals = measured.shape
    variance = np.square(deviation)
    steps = _steps(seconds)
    state = np.zeros((signals, 2))
    spread = np.tile(np.diag([_FAR, _FAR]), (signals, 1, 1))
    states, spreads = np.empty((frames, signals, 2)), np.empty((frames, signals, 2, 2))
    before, predicted = np.empty_like(states), np.empty_like(spreads)
    for frame in range(frames):
        if frame:
            move, noise = _motion(steps[frame - 1], pace)
            state = state @ move.T
            spread = move @ spread @ move.T + noise
        before[frame], predicted[frame] = state, spread
        total = spread[:, 0, 0] + variance[frame]
        known = np.isfinite(total)
        gain = np.where(known[:, None], spread[:, :, 0] / np.where(known, total, 1.0)[:, None], 0.0)
        away = np.where(known, measured[frame] - state[:, 0], 0.0)
        state = state + gain * away[:, None]
        spread = spread - gain[:, :, None] * spread[:, None, 0, :]
        states[frame], spreads[frame] = state, spread
    for frame in range(frames - 2, -1, -1):
        move, _ = _motion(steps[frame], pace)
        back = spreads[frame] @ move.T @ np.linalg.inv(predicted[frame + 1])
        states[frame] += (back @ (states[frame + 1] - before[frame + 1])[..., None])[..., 0]
        change = spreads[frame + 1] - predicted[frame + 1]
        spreads[frame] += back @ change @ back.transpose(0, 2, 1)
    return Smoothed(states[..., 0], np.sqrt(np.maximum(spreads[..., 0, 0], 0.0)))


def _motion(step: float, pace: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2, 2) of a step in seconds, and (S, 2, 2) covariance of what disturbs it."""
    disturbed = np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
    return np.array([[1.0, step], [0.0, 1.0]]), np.square(pace)[:, None, None] * disturbed


def _steps(seconds: np.ndarray) -> np.ndarray:
    """(F - 1,) seconds between frames, no two at one time."""
    return np.maximum(np.diff(seconds), 1e-4)
