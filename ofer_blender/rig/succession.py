"""A head in the place of another: where it stood, what it wore, and what was put on it."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..undo.likeness import match, plain
from . import rig

_SETTINGS: Final = ("ofer_skin", "ofer_export")
_KEPT: Final = ("hidden_here", "mask", "likeness", "drawn", "keep")


def succeed(old: bpy.types.Object, new: bpy.types.Object, placed: Matrix) -> None:
    """Give a new head the place, parent, modifiers, materials and skin of an old one. Its rig it
    does not get: bones rest on the joints of one head.

    placed : where the old head stands in its own mesh.
    """
    for collection in old.users_collection:
        collection.objects.link(new)
    if old.parent and old.parent != rig.rig_of(old):
        new.parent, new.parent_type, new.parent_bone = old.parent, old.parent_type, old.parent_bone
        new.matrix_parent_inverse = old.matrix_parent_inverse
    new.matrix_world = old.matrix_world @ placed
    for name in _KEPT:
        setattr(new.ofer, name, getattr(old.ofer, name))
    for name in _SETTINGS:
        match(getattr(new, name), getattr(old, name))
    _put_modifiers_on(old, new)
    if _is_same_surface(old.data, new.data):
        _dress(old.data, new.data)


def _put_modifiers_on(old: bpy.types.Object, new: bpy.types.Object) -> None:
    for was in old.modifiers:
        if was.name == rig.MODIFIER:
            continue
        made = new.modifiers.new(was.name, was.type)
        match(made, was)
        for name in was.keys() if was.type == "NODES" else ():  # what its nodes are given
            made[name] = plain(was[name])


def _is_same_surface(old: bpy.types.Mesh, new: bpy.types.Mesh) -> bool:
    """Both have the same polygons, so that UVs and materials mean the same."""
    if len(old.loops) != len(new.loops) or len(old.polygons) != len(new.polygons):
        return False
    corners = np.empty((2, len(old.loops)), np.int32)
    for mesh, values in zip((old, new), corners, strict=True):
        mesh.loops.foreach_get("vertex_index", values)
    return bool((corners[0] == corners[1]).all())


def _dress(old: bpy.types.Mesh, new: bpy.types.Mesh) -> None:
    plain_ones = list(new.materials)
    new.materials.clear()
    for material in old.materials:
        new.materials.append(material)
    bpy.data.batch_remove([each for each in plain_ones if each and not each.users])
    slots = np.empty(len(old.polygons), np.int32)
    old.polygons.foreach_get("material_index", slots)
    new.polygons.foreach_set("material_index", slots)
    values = np.empty(len(old.loops) * 2, np.float32)
    for layer in old.uv_layers:
        layer.data.foreach_get("uv", values)
        theirs = new.uv_layers.get(layer.name) or new.uv_layers.new(name=layer.name)
        theirs.data.foreach_set("uv", values)
    new.update()
