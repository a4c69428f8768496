"""Cleaning a motion of the 52 keys: smoother, stronger, without an offset of the resting face."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.arkit import ARKIT_52
from .. import compat
from ..head import lookup, tweak_mode
from . import curves

_QUICK: Final = ("eyeBlink", "eyeLook")
"""Units that leap, and are smoothed by so much less."""
_LESS: Final = 0.25


def of_head(head: bpy.types.Object) -> dict[str, bpy.types.FCurve]:
    """Unit → its curve, of those that the action of the head's keys moves."""
    keys = head.data.shape_keys
    found = curves.of_keys(keys) if keys else ()
    return {name: curve for name, curve in found if name in ARKIT_52 and curve.keyframe_points}


def make_own(head: bpy.types.Object) -> str:
    """Let the action of a head's keys be the head's alone, in a copy, where another datablock has
    it, too, or another file; the name of that action, "" where it was the head's alone. Raises
    OferError in tweak mode of the NLA."""
    keys = head.data.shape_keys
    action = keys.animation_data.action
    others = [each for each in compat.players_of_action(keys) if each != keys]
    if action.is_editable and not any(map(lookup.in_a_scene, others)):
        return ""
    tweak_mode.check_left(head.name, keys)
    compat.copied_action(keys, action.name)
    return action.name


def clean(
    made: dict[str, bpy.types.FCurve],
    smooth: float,
    exaggerate: float,
    offset: float,
    neutral: float,
) -> None:
    """Change the keys of curves in place.

    smooth : frames, deviation of the bell that values are averaged over, lids and gaze less;
    exaggerate : factor of all weights; offset : 0..1, how much of the weights at the frame
    `neutral` is taken off. Weights stay within 0 and 1.
    """
    for unit, curve in made.items():
        found = curves.places(curve)
        values, gain = found[:, 1], exaggerate
        width = smooth * (_LESS if unit.startswith(_QUICK) else 1.0)
        if width > 0:
            values = _averaged(found[:, 0], values, width)
        if offset > 0:
            rest = min(max(offset * float(np.interp(neutral, found[:, 0], values)), 0.0), 0.99)
            values, gain = (values - rest) / (1 - rest), exaggerate / (1 - rest)
        curves.set_values(curve, np.clip(exaggerate * values, 0.0, 1.0), gain)


def _averaged(frames: np.ndarray, values: np.ndarray, width: float) -> np.ndarray:
    """(n,) weighted means over a bell of deviation `width` about each of n frames, in parts."""
    found = np.empty_like(values)
    reach = 4 * width
    low = np.searchsorted(frames, frames - reach)
    high = np.searchsorted(frames, frames + reach, side="right")
    for place, (first, last) in enumerate(zip(low, high, strict=True)):
        share = np.exp(-0.5 * np.square((frames[first:last] - frames[place]) / width))
        found[place] = share @ values[first:last] / share.sum()
    return found
