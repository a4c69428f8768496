"""A head in the place of another: where it stood, what it wore, and what was put on it."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..hair import hair
from ..undo.likeness import match, plain
from . import rig

_SETTINGS: Final = ("ofer_skin", "ofer_hair", "ofer_export")
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
    hair.succeed(old, new)


def _put_modifiers_on(old: bpy.types.Object, new: bpy.types.Object) -> None:
    for was in old.modifiers:
        if was.name == rig.MODIFIER:
            continue
        made = new.modifiers.new(was.name, was.type)
        match(made, was)
        for name in was.keys() if was.type == "NODES" else ():  # what its nodes are given
            made[name] = plain(was[name])


def _is_same_surface(old: bpy.types.Mesh, new: bpy.types.Mesh) -> bool:
    """The old one begins with the polygons of the new, so that UVs and materials mean the same."""
    if len(old.loops) < len(new.loops) or len(old.polygons) < len(new.polygons):
        return False
    was, now = (np.empty(len(mesh.loops), np.int32) for mesh in (old, new))
    old.loops.foreach_get("vertex_index", was)
    new.loops.foreach_get("vertex_index", now)
    return bool((was[: len(now)] == now).all())


def _dress(old: bpy.types.Mesh, new: bpy.types.Mesh) -> None:
    slots = np.empty(len(old.polygons), np.int32)
    old.polygons.foreach_get("material_index", slots)
    further = set(slots[len(new.polygons) :].tolist())
    slots = slots[: len(new.polygons)]
    further -= set(slots.tolist())  # of hair, which come behind the head's own
    plain_ones = list(new.materials)
    new.materials.clear()
    for slot, material in enumerate(old.materials):
        if slot not in further:
            new.materials.append(material)
    bpy.data.batch_remove([each for each in plain_ones if each and not each.users])
    new.polygons.foreach_set("material_index", slots)
    values = np.empty(len(old.loops) * 2, np.float32)
    for layer in old.uv_layers:
        layer.data.foreach_get("uv", values)
        theirs = new.uv_layers.get(layer.name) or new.uv_layers.new(name=layer.name)
        theirs.data.foreach_set("uv", values[: len(new.loops) * 2])
    new.update()
