"""Expressions in ARKit's units: the unit weights that come nearest on the surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_SWEEPS: Final = 400
_SETTLED: Final = 1e-7
_RIDGE: Final = 1e-3
"""Share of the mean unit's size: of equal answers, the one with less weight."""


@dataclass(frozen=True, eq=False)
class UnitWeights:
    """weights : (E, 52) float32 in 0..1, ARKIT_52 order; residual : (E,) float32 metres, root mean
    square over the vertices compared."""

    weights: np.ndarray
    residual: np.ndarray


def unit_weights(units: np.ndarray, displacements: np.ndarray, share: np.ndarray) -> UnitWeights:
    """Bounded least squares by coordinate descent.

    units : (52, V, 3) metres; displacements : (E, V, 3) metres, expressions less the neutral head;
    share : (V,) >= 0, how much each vertex counts.
    """
    chosen = np.flatnonzero(share > 0)
    root = np.sqrt(share[chosen] / share.sum())[:, None]
    numbers = 3 * len(chosen)
    columns = (units[:, chosen] * root).reshape(-1, numbers).astype(np.float64)
    wanted = (displacements[:, chosen] * root).reshape(-1, numbers).astype(np.float64)
    squares = columns @ columns.T
    moved = np.diag(squares) > 0
    system = squares + np.eye(len(units)) * _RIDGE * np.diag(squares)[moved].mean()
    right = wanted @ columns.T
    weights = np.zeros((len(wanted), len(units)))
    for _ in range(_SWEEPS):
        before = weights.copy()
        for number in np.flatnonzero(moved):
            slope = right[:, number] - weights @ system[number]
            weights[:, number] = np.clip(
                weights[:, number] + slope / system[number, number], 0.0, 1.0
            )
        if np.abs(weights - before).max(initial=0.0) < _SETTLED:
            break
    left = np.linalg.norm(wanted - weights @ columns, axis=1)
    return UnitWeights(weights.astype(np.float32), left.astype(np.float32))
