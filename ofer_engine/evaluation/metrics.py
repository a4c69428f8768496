"""Distances between heads of one topology, and what a set of hypotheses is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def similarity(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """`moving` (…, V, 3) brought onto `fixed` (…, V, 3) by the best rotation, scale and shift.

    Least squares over corresponding points (Umeyama 1991); units as given.
    """
    moving_mean = moving.mean(axis=-2, keepdims=True)
    fixed_mean = fixed.mean(axis=-2, keepdims=True)
    centred, target = moving - moving_mean, fixed - fixed_mean
    left, singular, right = np.linalg.svd(np.swapaxes(target, -1, -2) @ centred)
    flip = np.ones_like(singular)
    flip[..., 2] = np.sign(np.linalg.det(left @ right))
    rotation = (left * flip[..., None, :]) @ right
    scale = (singular * flip).sum(axis=-1) / np.square(centred).sum(axis=(-1, -2))
    return scale[..., None, None] * (centred @ np.swapaxes(rotation, -1, -2)) + fixed_mean


def surface_error(heads: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(…,) mean distance, in the unit of the input, of aligned heads (…, V, 3) from truth."""
    return np.linalg.norm(similarity(heads, truth) - truth, axis=-1).mean(axis=-1)


def removed(error: float, mean_head: float) -> float:
    """Share of the mean head's error that is gone: 0 no better than the mean head, 1 perfect."""
    return float(1.0 - error / mean_head)


def recovery(first: float, average: float, best: float) -> float:
    """Of what choosing well could gain over choosing blindly, the share that ranking gains."""
    return float((average - first) / (average - best))


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def bootstrap(values: np.ndarray, seed: int = 0, rounds: int = 1000) -> Interval:
    """Interval of the mean of values (N,), heads resampled."""
    draws = np.random.default_rng(seed).integers(0, len(values), (rounds, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def identification(predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """(first, pairs): how often the own person is the nearest of all, and of two.

    predicted, truth : (N, D) deviations from the mean head; nearness is the cosine.
    """
    predicted = predicted / np.linalg.norm(predicted, axis=1, keepdims=True)
    truth = truth / np.linalg.norm(truth, axis=1, keepdims=True)
    nearness = predicted @ truth.T
    ahead = (nearness > np.diag(nearness)[:, None]).sum(axis=1)
    return float((ahead == 0).mean()), float(1 - ahead.mean() / (len(truth) - 1))
