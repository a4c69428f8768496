"""A motion of the 52 keys on another mesh: any with keys of ARKit's names."""

from __future__ import annotations

from collections.abc import Mapping

import bpy

from ...ofer_engine.contract.arkit import ARKIT_52
from . import curves


def units_of(mesh: bpy.types.Object) -> dict[str, str]:
    """Unit → the key of a mesh that has its name, whatever its case, with or without a prefix such
    as `BS.`."""
    if mesh.type != "MESH" or mesh.data.shape_keys is None:
        return {}
    keys = {block.name.lower(): block.name for block in mesh.data.shape_keys.key_blocks}
    plain = {name.replace("_", "."): own for name, own in keys.items()}
    found = {}
    for unit in ARKIT_52:
        ends = "." + unit.lower()
        own = keys.get(unit.lower()) or next(
            (each for name, each in plain.items() if name.endswith(ends)), None
        )
        if own:
            found[unit] = own
    return found


def retarget(
    made: Mapping[str, bpy.types.FCurve], mesh: bpy.types.Object, name: str
) -> tuple[bpy.types.Action, int]:
    """Let a mesh's keys do what curves of units do; what animated them before stays in the file.

    Gives the action and how many units the mesh has. made : unit → curve.
    """
    units = {unit: key for unit, key in units_of(mesh).items() if unit in made}
    action, channels = curves.begin(mesh.data.shape_keys, name)
    for unit, key in units.items():
        path = f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'
        found = curves.places(made[unit])
        curves.fill(channels.new(path), found[:, 0], found[:, 1])
    return action, len(units)
