"""A skin without a beard: what grows on cheeks, chin, lip and throat is left out of the photos, and
the skin around is carried on."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..geometry.smooth_step import smooth_step
from .features import Features
from .fields import carried_on
from .shape import Shape

_GROWN: Final = (0.0, 0.35)
"""Belonging to what may be a beard at which photos are believed as ever, and no more."""
_EDGE: Final = 0.02
"""The same, or belonging to the lips, from which on skin is carried on. Lips are carried over, too,
so that their red does not spread; they stay as they are."""


def shaved(shape: Shape, features: Features, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) base without what a beard makes of it, and (V,) 0..1 how far nothing of the photos is
    believed. base : (V, 3), as in `Complexion`."""
    grown = smooth_step(features.beard, *_GROWN)
    inside = (features.beard > _EDGE) | (features.lips > _EDGE) | (features.cavity > _EDGE)
    bare = carried_on(shape, base, inside)
    return base + grown[:, None] * (bare - base), grown
