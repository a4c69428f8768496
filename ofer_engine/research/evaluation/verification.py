"""Do two photos of one person give more alike heads than photos of two people?"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from .metrics import Interval

_ROUNDS: Final = 1000


@dataclass(frozen=True)
class Separation:
    """How well people are told apart by their heads, each with its 95 % interval.

    auc : chance that two photos of a person give nearer heads than photos of two people;
    accuracy : pairs judged rightly, own and others' counting alike, by a threshold that was learnt
    on the other half of the people; first : photos whose nearest among all others' second photos is
    the person's own.
    """

    auc: Interval
    accuracy: Interval
    first: Interval


MEASURES: Final = tuple(field.name for field in fields(Separation))


def unlike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, N) 1 - cosine of each of `first` (N, D) with each of `second` (N, D), both seen from the
    mean of all: what everybody is read to have tells nobody apart."""
    mean = (first.mean(axis=0) + second.mean(axis=0)) / 2
    one, other = (
        (rows - mean) / np.linalg.norm(rows - mean, axis=1, keepdims=True)
        for rows in (first, second)
    )
    return 1 - one @ other.T


def separation(unlikeness: np.ndarray) -> Separation:
    """unlikeness : (N, N) of the heads from N people's first photos to those from their second.

    People are drawn again for the intervals; a person drawn twice is no pair of two people.
    """
    return _intervals(_resampled(unlikeness))


def difference(unlikeness: np.ndarray, control: np.ndarray) -> Separation:
    """By how much `unlikeness` (N, N) tells the same people better apart than `control` (N, N),
    the same people drawn again for both."""
    return _intervals(_resampled(unlikeness) - _resampled(control))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """own : (n,) unlikeness of a person's two photos; others : (n (n - 1),) of two people's,
    sorted, with the two people's rows, one and other."""

    own: np.ndarray
    others: np.ndarray
    one: np.ndarray
    other: np.ndarray

    @staticmethod
    def of(unlikeness: np.ndarray) -> _Pairs:
        """unlikeness : (n, n)."""
        one, other = np.nonzero(~np.eye(len(unlikeness), dtype=bool))
        order = np.argsort(unlikeness[one, other], kind="stable")
        one, other = one[order], other[order]
        return _Pairs(np.diag(unlikeness), unlikeness[one, other], one, other)

    def share_below(self, at: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(T,) of two people's pairs, those at most `at` (T,); weights : (n,) of the people."""
        summed = np.concatenate([[0.0], np.cumsum(weights[self.one] * weights[self.other])])
        return summed[np.searchsorted(self.others, at, side="right")] / max(summed[-1], 1e-12)

    def threshold(self, weights: np.ndarray) -> float:
        """What judges most pairs rightly, half-way to the next pair's unlikeness."""
        order = np.argsort(self.own, kind="stable")
        own = self.own[order]
        accepted = np.cumsum(weights[order])
        rightly = accepted / max(accepted[-1], 1e-12) - self.share_below(own, weights)
        best = own[rightly.argmax()]
        above = np.concatenate([own[own > best], self.others[self.others > best], [np.inf]]).min()
        return float((best + above) / 2) if np.isfinite(above) else float(best)

    def judged(self, threshold: float, weights: np.ndarray) -> float:
        """Share judged rightly, own pairs and others counting alike."""
        accepted = np.average(self.own <= threshold, weights=np.maximum(weights, 1e-12))
        return (accepted + 1 - self.share_below(np.array([threshold]), weights)[0]) / 2


def _resampled(unlikeness: np.ndarray) -> np.ndarray:
    """(1 + rounds, 3) in the order of MEASURES: of all people first, then of people drawn again."""
    people = len(unlikeness)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, people, (_ROUNDS, people))
    weights = [np.ones(people), *(np.bincount(rows, minlength=people) for rows in draws)]
    everybody, even = _Pairs.of(unlikeness), np.arange(people) % 2 == 0
    halves = [_Pairs.of(unlikeness[np.ix_(half, half)]) for half in (even, ~even)]
    nearest = (unlikeness.argmin(axis=1) == np.arange(people)).astype(float)

    def figures(drawn: np.ndarray) -> tuple[float, float, float]:
        auc = 1 - np.average(everybody.share_below(everybody.own, drawn), weights=drawn)
        one, other = drawn[even], drawn[~even]
        first = halves[0].judged(halves[1].threshold(other), one)
        second = halves[1].judged(halves[0].threshold(one), other)
        return auc, (first + second) / 2, np.average(nearest, weights=drawn)

    return np.array([figures(drawn.astype(float)) for drawn in weights])


def _intervals(found: np.ndarray) -> Separation:
    low, high = np.percentile(found[1:], [2.5, 97.5], axis=0)
    return Separation(
        *(Interval(*map(float, three)) for three in zip(found[0], low, high, strict=True))
    )
