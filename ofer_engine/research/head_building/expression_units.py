"""The 52 ARKit units as displacements of the open head."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arkit import ARKIT_52, other_side
from .head_cut import HeadCut
from .makehuman import MakeHuman

_BLINKS: Final = ("eyeBlinkLeft", "eyeBlinkRight")
_ACROSS: Final = np.array([-1, 1, 1], np.float32)


def load_units(makehuman: MakeHuman, cut: HeadCut) -> np.ndarray:
    """(52, V, 3) float64 metres at MakeHuman's size, in ARKIT_52 order, left and right exact
    mirror images of each other."""
    units = {name: makehuman.face_unit(name)[cut.base_ids] for name in ARKIT_52}
    return symmetric(np.stack([units[name] for name in ARKIT_52]), cut.mirror)


def symmetric(units: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Units (52, V, 3), those of either side mirror images of each other. mirror : (V,) int, the
    vertex of the other half."""
    twins = [ARKIT_52.index(other_side(name)) for name in ARKIT_52]
    return (units + units[twins][:, mirror] * _ACROSS) / 2


def narrow_eyes(
    template: np.ndarray, units: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Let the lids of a template rest a share of a blink lower; a full blink ends where it did.

    template : (V, 3); units : (52, V, 3); share : 0..1. New template and units.
    """
    blinks = [ARKIT_52.index(name) for name in _BLINKS]
    rested = template + share * units[blinks].sum(0)
    shortened = units.copy()
    shortened[blinks] *= 1 - share
    return rested, shortened
