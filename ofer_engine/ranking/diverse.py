"""Which candidates to show: the likeliest, then each time the one that differs most from all shown
so far, weighted by its rank (greedy k-centre: Gonzalez, "Clustering to minimize the maximum
intercluster distance", 1985)."""

from __future__ import annotations

from typing import Final

import numpy as np

_LAST: Final = 0.5
"""Weight of the least likely candidate against the likeliest: with 1, heads differ more and are
less true (`benchmarks/gallery.py`)."""


def most_different(order: np.ndarray, shapes: np.ndarray, keep: int) -> np.ndarray:
    """(keep,) int rows of candidates.

    order : (N,) candidates from best to worst; shapes : (N, P, 3) points of each, metres; where a
    head stands does not count.
    """
    flat = (shapes - shapes.mean(axis=1, keepdims=True)).reshape(len(shapes), -1)
    weights = np.empty(len(order))
    weights[order] = np.linspace(1.0, _LAST, len(order))
    chosen, nearest = [int(order[0])], np.full(len(order), np.inf)
    while len(chosen) < keep:
        away = np.linalg.norm(flat - flat[chosen[-1]], axis=1)
        nearest = np.minimum(nearest, away)
        wanted = nearest * weights
        wanted[chosen] = -1.0
        chosen.append(int(wanted.argmax()))
    return np.array(chosen)
