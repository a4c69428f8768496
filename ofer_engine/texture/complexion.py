"""The skin that no photo shows: a complexion carried on from what is seen, with lips and brows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from .features import Features
from .fields import membrane
from .shape import Shape
from .trust import ramp

_AVERAGE = np.array([0.40, 0.235, 0.17], np.float32)
"""Linear: a middling skin, for a photo that shows none."""
_LIPS = np.array([0.80, 0.50, 0.52], np.float32)
_BROWS = np.array([0.36, 0.33, 0.32], np.float32)
_LIDS = np.array([0.92, 0.86, 0.86], np.float32)
_CAVITY = np.array([0.42, 0.20, 0.20], np.float32)
"""Colours relative to the skin's."""
_CARRIED = 25.0
"""Millimetres over which a seen colour is carried on."""
_FADE = 0.06
_THIN = (0.004, 0.010)
"""Metres of flesh below which the mouth's inside has the skin's colour, and its own from."""


@dataclass(frozen=True, eq=False)
class Complexion:
    """tone : (3,) float32 linear, the person's skin; base : (V, 3) float32 linear, skin of every
    vertex where nothing is seen."""

    tone: np.ndarray
    base: np.ndarray


def complexion(
    shape: Shape, features: Features, colours: np.ndarray, trust: np.ndarray
) -> Complexion:
    """Carry seen colours on. colours : (V, 3) linear, unlit, averaged; trust : (V,) 0..1."""
    tone = skin_tone(features, colours, trust)
    prior = tone * painted(shape, features)
    ratio = np.log(np.maximum(colours, 1e-4) / np.maximum(prior, 1e-4))
    carried = membrane(shape, np.clip(ratio, -1.2, 1.2), trust, _CARRIED / 5, _FADE / 10)
    return Complexion(tone, (prior * np.exp(carried)).astype(np.float32))


def skin_tone(features: Features, colours: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """(3,) float32: the median colour of what is seen of plain skin."""
    others = features.lips + features.brows + features.lids + features.cavity + features.scalp
    plain = (trust > 0.3) & (others < 0.2)
    if plain.sum() < 20:
        return _AVERAGE
    return np.median(colours[plain], 0).astype(np.float32)


def painted(shape: Shape, features: Features) -> np.ndarray:
    """(V, 3) float32: colours relative to the skin tone."""
    colour = np.ones((len(features.lips), 3), np.float32)
    for share, tint in (
        (features.lids * 0.7, _LIDS),
        (features.brows, _BROWS),
        (features.lips, _LIPS),
        (features.cavity * _depth_below_skin(shape, features), _CAVITY),
    ):
        colour += np.clip(share, 0, 1)[:, None] * (tint - colour)
    return colour


def _depth_below_skin(shape: Shape, features: Features) -> np.ndarray:
    """(V,) 0..1: 0 just below the outer skin. A pocket of the mouth that a thin face lets show
    through beside the nose had better be skin."""
    outer = features.cavity + features.lips < 0.1
    away, _ = KDTree(shape.template[outer]).query(shape.template)
    return ramp(np.asarray(away), *_THIN)
