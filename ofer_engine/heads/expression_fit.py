"""The expression with which a head meets the points of a photo: a maximum a posteriori fit.

What was regressed is the prior; the points, as sure as each is, draw the weights to where the
head's own units meet them. One network read both, so that the points count little. Other networks
see how far the mouth and the eyes are open (`lip_opening`, `lid_opening`); they count in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
from scipy.optimize import lsq_linear

from .camera import Camera, solve_camera

INFORMATION: Final = 0.03
"""Share of the points' information that is believed. On 50 portraits the mouth misses its points by
1.9 px of a 128 px crop without the fit, 1.0 at this share and 0.7 at a tenth, where smiles are told
as sneers again."""
_ROUNDS: Final = 3


class SeenOpening(Protocol):
    """How far a photo shows the mouth or the eyes open (`SeenLips`, `SeenLids`)."""

    def doubt(self) -> np.ndarray:
        """(X,) how much each unit's deviation grows or shrinks by what is seen."""
        ...

    def misses(self, camera: Camera, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) deviations by which a head at weights (X,) opens too little, and (N, X) slopes."""
        ...


def fitted_expression(
    neutral: np.ndarray,
    units: np.ndarray,
    points: np.ndarray,
    precision: np.ndarray,
    regressed: np.ndarray,
    deviation: np.ndarray,
    focal: float,
    centre: np.ndarray,
    size: tuple[int, int],
    check: Callable[[], None] = lambda: None,
    openings: Sequence[SeenOpening] = (),
) -> np.ndarray:
    """(X,) float64 weights in 0..1.

    neutral : (P, 3) metres, the head's points at rest; units : (X, P, 3) metres that each unit
    moves them; points : (P, 2) photo pixels, precision : (P,) of one coordinate; regressed : (X,)
    in 0..1, deviation : (X,) of its errors; focal, centre, size : of the photo, as in
    `solve_camera`; check : called now and again, may raise to stop; openings : how far the photo
    shows mouth and eyes open, for units of the ARKIT_52.
    """
    for opening in openings:
        deviation = deviation * opening.doubt()
    weights, prior = regressed, np.diag(1 / deviation)
    believed = np.sqrt(INFORMATION * np.repeat(precision, 2))[:, None]
    for _ in range(_ROUNDS):
        check()
        surface = neutral + np.tensordot(weights, units, 1)
        seen = solve_camera(surface, points, precision, focal, centre, size)
        slopes = seen.slopes(surface, units)
        wanted = (points - seen.project(surface)).reshape(-1, 1) + slopes @ weights[:, None]
        left = [slopes * believed, prior]
        right = [(wanted * believed)[:, 0], regressed / deviation]
        for opening in openings:
            missed, opened = opening.misses(seen, weights)
            left.append(opened)
            right.append(missed + opened @ weights)
        system = np.concatenate(left)
        weights = lsq_linear(system, np.concatenate(right), (0.0, 1.0), method="bvls").x
    return weights
