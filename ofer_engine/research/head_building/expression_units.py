"""The 52 ARKit units as displacements of the open head."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arkit import ARKIT_52
from .head_cut import HeadCut
from .makehuman import MakeHuman

_BLINKS: Final = ("eyeBlinkLeft", "eyeBlinkRight")


def _other_side(name: str) -> str:
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    if name.endswith("Right"):
        return name.removesuffix("Right") + "Left"
    return name


def load_units(makehuman: MakeHuman, cut: HeadCut) -> np.ndarray:
    """(52, V, 3) float64 metres at MakeHuman's size, in ARKIT_52 order, left and right exact
    mirror images of each other."""
    units = {name: makehuman.face_unit(name)[cut.base_ids] for name in ARKIT_52}
    return np.stack(
        [(units[name] + units[_other_side(name)][cut.mirror] * [-1, 1, 1]) / 2 for name in ARKIT_52]
    )


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
