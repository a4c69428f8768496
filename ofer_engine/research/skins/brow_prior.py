"""What is known of people's brows before a photo is looked at: a Gaussian over their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...texture.brow_shape import BrowPrior, BrowSamples, fit_brows

BROAD: Final = BrowPrior(
    np.array([57, 0, 3, 0, np.log(4), 0.1, 15, 56, np.log(0.8), -0.3]),
    np.diag([2, 2, 2.5, 1.5, 0.25, 0.35, 3, 4, 0.4, 0.6]),
)
"""To begin with: a guess."""
_ROUNDS: Final = 2
_LEAST: Final = 1500
"""Samples of both brows that a portrait must show."""
_FITTED, _LIKE_OTHERS = 0.85, 0.95
"""Shares that are kept: of portraits, those that are fitted best, and of these, three times, those
that are most like the others."""
_SHRUNK: Final = 1.3
"""Times the variance of fits: each was drawn to the prior before."""
_OWN: Final = 0.02
"""Share of the first guess's variance that is added."""


def learned(portraits: Sequence[Sequence[BrowSamples]]) -> BrowPrior:
    """Of what portraits show around their two brows."""
    shown = [each for each in portraits if sum(len(side.x) for side in each) >= _LEAST]
    prior = BROAD
    for _ in range(_ROUNDS):
        shapes, losses = zip(*(fit_brows(prior, each) for each in shown), strict=True)
        fitted = np.array(losses) <= np.quantile(losses, _FITTED)
        prior = _gaussian(np.mean(shapes, axis=1)[fitted])
    return prior


def _gaussian(shapes: np.ndarray) -> BrowPrior:
    """Of shapes (N, 10) without the strangest."""
    for _ in range(3):
        middle = np.median(shapes, axis=0)
        away = (shapes - middle) / np.median(np.abs(shapes - middle), axis=0)
        distance = (away @ np.linalg.inv(np.cov(away.T)) * away).sum(1)
        shapes = shapes[distance < np.quantile(distance, _LIKE_OTHERS)]
    covariance = _SHRUNK * np.cov(shapes.T) + _OWN * BROAD.root @ BROAD.root.T
    return BrowPrior(shapes.mean(0), np.linalg.cholesky(covariance))
