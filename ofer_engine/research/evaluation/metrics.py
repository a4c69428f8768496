"""Distances between heads, what a set of hypotheses is worth, and how sure a figure is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...geometry.similarity import best_similarity


def similarity(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """`moving` (…, V, 3) brought onto `fixed` (…, V, 3) by the best rotation, scale and shift."""
    return best_similarity(moving, fixed).apply(moving)


def surface_error(heads: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(…,) mean distance, in the unit of the input, of aligned heads (…, V, 3) from truth."""
    return np.linalg.norm(similarity(heads, truth) - truth, axis=-1).mean(axis=-1)


def removed(error: float, mean_head: float) -> float:
    """Share of the mean head's error that is gone: 0 no better than the mean head, 1 perfect."""
    return float(1.0 - error / mean_head)


def recovery(chosen: float, average: float, best: float) -> float:
    """Of what choosing well could gain over choosing blindly, the share that a choice gains."""
    return float((average - chosen) / (average - best))


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval; NaN where there is nothing to measure."""

    mean: float
    low: float
    high: float


_ROUNDS_OF_MEANS: Final = 1000
_ROUNDS: Final = 300
"""Resampled sets of heads, of means and of other statistics."""
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def bootstrap(values: np.ndarray) -> Interval:
    """Interval of the mean of values (N,), heads resampled."""
    draws = np.random.default_rng(0).integers(0, len(values), (_ROUNDS_OF_MEANS, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def bootstrap_statistic(statistic: Callable[[np.ndarray], float], heads: int) -> Interval:
    """Interval of a figure of several heads together. statistic : of rows (N,) int."""
    draws = np.random.default_rng(0).integers(0, heads, (_ROUNDS, heads))
    values = np.array([statistic(rows) for rows in draws])
    known = values[np.isfinite(values)]
    if not len(known):
        return UNKNOWN
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(statistic(np.arange(heads))), float(low), float(high))


def ranks_of_own(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) how many of the N people are nearer to each prediction than its own.

    predicted, truth : (N, D) deviations from the mean head; nearness is the cosine.
    """
    predicted = predicted / np.linalg.norm(predicted, axis=1, keepdims=True)
    truth = truth / np.linalg.norm(truth, axis=1, keepdims=True)
    nearness = predicted @ truth.T
    return (nearness > np.diag(nearness)[:, None]).sum(axis=1)
