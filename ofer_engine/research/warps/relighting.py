"""Light on a bent face: second-order harmonics read off its skin, answered for its new normals."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from ..harmonics import harmonics
from .nuisances import Light

_ENOUGH: Final = 500
_STRIDE: Final = 5
_ROUNDS: Final = 3
_RIDGE: Final = np.array([1e-3] + [0.02] * 3 + [0.06] * 5)
_DARKEST: Final = 0.2
_LIMITS: Final = (0.6, 1.6)
_OTHER_LIMITS: Final = (0.35, 2.2)
"""Of the ratio under another light."""
_SOFT: Final = 2.0


def relight(
    picture: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    inside: np.ndarray,
    skin: np.ndarray,
    other: Light | None = None,
) -> np.ndarray:
    """(S, S, 3) linear light, multiplied by how the light on the new normals differs.

    picture : (S, S, 3) linear; before, after : (S, S, 3) unit normals, camera frame, where inside :
    (S, S) bool; skin : (S, S) bool, where the light is read. As it is where there is too little of
    that (Ramamoorthi and Hanrahan 2001 for the harmonics). other : than the light that is read.
    """
    if skin.sum() < _ENOUGH:
        return picture
    bright = picture[skin].mean(axis=1)[::_STRIDE].astype(np.float64)
    light = _light(harmonics(before[skin][::_STRIDE].astype(np.float64)), bright)
    darkest = _DARKEST * np.median(bright)
    old = np.maximum(harmonics(before.astype(np.float64)) @ light, darkest)
    if other is not None:
        light = np.concatenate([light[:1], light[1:] * other.strength])
        after = after @ other.turn.astype(np.float32)
    new = np.maximum(harmonics(after.astype(np.float64)) @ light, darkest)
    limits = _LIMITS if other is None else _OTHER_LIMITS
    ratio = np.where(inside, np.clip(new / old, *limits), 1)
    return picture * gaussian_filter(ratio, _SOFT)[..., None].astype(np.float32)


def _light(basis: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """(9,) of brightness (N,) seen where harmonics are (N, 9), past brows, shine and shadow."""
    weight = np.ones(len(bright))
    light = np.zeros(basis.shape[1])
    for _ in range(_ROUNDS):
        weighted = (basis * weight[:, None]).T
        normal = weighted @ basis + np.diag(_RIDGE) * len(bright)
        light = np.linalg.solve(normal, weighted @ bright)
        away = bright - basis @ light
        usual = 1.5 * np.median(np.abs(away)) + 1e-4
        weight = 1 / (1 + np.square(away / (2 * usual)))
    return light
