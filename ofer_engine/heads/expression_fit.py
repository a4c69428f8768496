"""The expression with which a head meets the points of a photo: a maximum a posteriori fit.

What was regressed is the prior; the points, as sure as each is, draw the weights to where the
head's own units meet them. One network read both, so that the points count little. Lips
that the detector, another network, sees further apart are drawn so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.optimize import lsq_linear

from ..contract.arkit import ARKIT_52
from .camera import solve_camera
from .lip_opening import LipOpening, LipRims

INFORMATION: Final = 0.03
"""Share of the points' information that is believed. On 50 portraits the mouth misses its points by
1.9 px of a 128 px crop without the fit, 1.0 at this share and 0.7 at a tenth, where smiles are told
as sneers again."""
_ROUNDS: Final = 3
_JAW: Final = ARKIT_52.index("jawOpen")
_PARTED_BY_LIPS: Final = 0.5
"""How much the jaw is doubted where lips are seen, of what it is else. On 45 portraits, most of
whom show their teeth in a smile, the newer landmarker raises the upper lip by 0.43 and opens the
jaw by 0.06 for each tenth of the distance between the eyes' outer corners."""


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
    lips: tuple[LipOpening, LipRims, float] | None = None,
) -> np.ndarray:
    """(X,) float64 weights in 0..1.

    neutral : (P, 3) metres, the head's points at rest; units : (X, P, 3) metres that each unit
    moves them; points : (P, 2) photo pixels, precision : (P,) of one coordinate; regressed : (X,)
    in 0..1, deviation : (X,) of its errors; focal, centre, size : of the photo, as in
    `solve_camera`; check : called now and again, may raise to stop; lips : how far a photo parts
    them, those of the head, of the ARKit 52, and 0..1, how far they are seen.
    """
    if lips is not None:
        deviation = deviation.copy()
        deviation[_JAW] *= 1 - (1 - _PARTED_BY_LIPS) * lips[2]
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
        if lips is not None:
            opening, rims, share = lips
            missed, parting = opening.misses(rims, seen, weights)
            sure = np.sqrt(share) / opening.deviation
            left.append(sure * parting)
            right.append(sure * (missed + parting @ weights))
        system = np.concatenate(left)
        weights = lsq_linear(system, np.concatenate(right), (0.0, 1.0), method="bvls").x
    return weights
