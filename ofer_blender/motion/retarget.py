"""A motion of the 52 keys on another mesh: any with keys of ARKit's names, or of those of Unified
Expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52, UNIFIED, UNITS, without_spelling
from ..head import tweak_mode
from . import curves

_BETWEEN: Final = re.compile(r"[._:\- ]")
"""After a prefix."""


def units_of(mesh: bpy.types.Object) -> dict[str, str]:
    """Unit → the key of a mesh that has its name, however it is spelled (`eyeBlink_L`), with or
    without a prefix such as `BS.`; of several, one with Apple's name, then one without prefix."""
    if mesh.type != "MESH" or mesh.data.shape_keys is None:
        return {}
    found = dict[str, tuple[bool, bool, int, str]]()
    for number, block in enumerate(mesh.data.shape_keys.key_blocks):
        ends = [0, *(each.end() for each in _BETWEEN.finditer(block.name))]
        names = ((end, without_spelling(block.name[end:])) for end in ends)
        for end, name in names:
            if unit := UNITS.get(name):
                this = (name in UNIFIED, end > 0, number, block.name)
                found[unit] = min(found.get(unit, this), this)
                break
    return {unit: found[unit][-1] for unit in ARKIT_52 if unit in found}


def held_units(made: Mapping[str, bpy.types.FCurve], mesh: bpy.types.Object) -> tuple[str, ...]:
    """Units whose keys would not do what curves say, or not show it: they are muted or driven, or
    their range is smaller; all where the mesh shows one key alone. made : unit → curve."""
    keys = mesh.data.shape_keys
    drivers = keys.animation_data.drivers if keys.animation_data else ()
    driven = {curve.data_path for curve in drivers if not curve.mute}
    alone = mesh.show_only_shape_key or not keys.use_relative
    found = []
    for unit, name in units_of(mesh).items():
        block = keys.key_blocks[name]
        most = curves.places(made[unit])[:, 1].max() if unit in made else 0.0
        if alone or block.mute or _path(name) in driven or block.slider_max < min(most, 1.0):
            found.append(unit)
    return tuple(found)


def _path(key: str) -> str:
    return f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'


def retarget(
    made: Mapping[str, bpy.types.FCurve], mesh: bpy.types.Object, name: str
) -> tuple[bpy.types.Action, int]:
    """Let a mesh's keys do what curves of units do; what animated them before stays in the file.

    Gives the action and how many units the mesh has. made : unit → curve. Raises
    OferError(BAD_REQUEST) in tweak mode of the NLA.
    """
    tweak_mode.check_left(mesh.name, mesh.data.shape_keys)
    units = {unit: key for unit, key in units_of(mesh).items() if unit in made}
    action, channels = curves.begin(mesh.data.shape_keys, name)
    for unit, key in units.items():
        found = curves.places(made[unit])
        curves.fill(channels.new(_path(key)), found[:, 0], found[:, 1])
    return action, len(units)
