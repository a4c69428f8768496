"""A head in the place of another: where it stood, what it wore, and what was put on it."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..hair import hair
from ..head import carried, layers, tear_line
from ..head.linked import link_beside
from ..undo.likeness import match, plain
from . import body, rig, seam

_SETTINGS: Final = ("ofer_skin", "ofer_hair", "ofer_export")
_KEPT: Final = ("hidden_here", "mask", "likeness", "drawn", "keep")


def succeed(old: bpy.types.Object, new: bpy.types.Object, placed: Matrix) -> None:
    """Give a new head the place, parent, modifiers, vertex groups, materials and skin of an old
    one; on a body, its bones move the new one, too, and the seam is the new one's. A rig of its own
    it does not get: bones rest on the joints of one head.

    placed : where the old head stands in its own mesh.
    """
    link_beside(new, old)
    if old.parent and old.parent != rig.rig_of(old):
        new.parent, new.parent_type, new.parent_bone = old.parent, old.parent_type, old.parent_bone
        new.matrix_parent_inverse = old.matrix_parent_inverse
    new.matrix_world = old.matrix_world @ placed
    for name in _KEPT:
        setattr(new.ofer, name, getattr(old.ofer, name))
    for name in _SETTINGS:
        match(getattr(new, name), getattr(old, name))
    armature = body.body_of(old)
    if armature:
        body.share(new, armature)
    shared = _shared(old.data, new.data)
    without = () if armature else rig.BONES  # those are of the new head's own joints
    layers.give_groups(old, new, _vertices(new.data, shared), without)
    _put_modifiers_on(old, new)
    if shared:
        _dress(old.data, new.data, shared)
        layers.give_attributes(old.data, new.data, _elements(old.data, new.data, shared))
    hair.succeed(old, new)
    if armature:
        seam.succeed(old, new)


def _put_modifiers_on(old: bpy.types.Object, new: bpy.types.Object) -> None:
    for was in old.modifiers:
        if was.name == rig.MODIFIER:
            continue
        made = new.modifiers.new(was.name, was.type)
        match(made, was)
        for name in was.keys() if was.type == "NODES" else ():  # what its nodes are given
            made[name] = plain(was[name])


def _shared(old: bpy.types.Mesh, new: bpy.types.Mesh) -> int:
    """So many polygons both begin with, so that UVs and materials mean the same there: all of the
    new one's, or all but its tear line, which heads of earlier versions lack; else none."""
    wet = len(tear_line.polygons()) if tear_line.NAME in carried.worn(new) else 0
    was, now = _corners(old), _corners(new)
    for count in dict.fromkeys((len(new.polygons), len(new.polygons) - wet)):
        loops = _loops(new, count)
        if len(old.polygons) >= count and np.array_equal(was[:loops], now[:loops]):
            return count
    return 0


def _vertices(mesh: bpy.types.Mesh, polygons: int) -> int:
    """How many vertices the first polygons have; they come first in the mesh."""
    loops = _loops(mesh, polygons)
    return int(_corners(mesh)[:loops].max()) + 1 if loops else 0


def _elements(old: bpy.types.Mesh, new: bpy.types.Mesh, polygons: int) -> dict[str, int]:
    """Domain → how many elements both meshes begin with."""
    pairs = [np.empty(2 * len(mesh.edges), np.int32) for mesh in (old, new)]
    for mesh, found in zip((old, new), pairs, strict=True):
        mesh.edges.foreach_get("vertices", found)
    was, now = (each.reshape(-1, 2) for each in pairs)
    both = min(len(was), len(now))
    differ = np.flatnonzero((was[:both] != now[:both]).any(axis=1))
    return {
        "POINT": _vertices(new, polygons),
        "CORNER": _loops(new, polygons),
        "FACE": polygons,
        "EDGE": int(differ[0]) if len(differ) else both,
    }


def _corners(mesh: bpy.types.Mesh) -> np.ndarray:
    """(L,) int32 vertices of the polygons' corners."""
    found = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", found)
    return found


def _loops(mesh: bpy.types.Mesh, polygons: int) -> int:
    """How many corners the first polygons have."""
    return mesh.polygons[polygons].loop_start if polygons < len(mesh.polygons) else len(mesh.loops)


def _dress(old: bpy.types.Mesh, new: bpy.types.Mesh, shared: int) -> None:
    slots = np.empty(len(old.polygons), np.int32)
    old.polygons.foreach_get("material_index", slots)
    further = set(slots[shared:].tolist())
    slots = slots[:shared]
    further -= set(slots.tolist())  # of hair, which come behind the head's own
    own = np.empty(len(new.polygons), np.int32)
    new.polygons.foreach_get("material_index", own)
    plain_ones = list(new.materials)
    new.materials.clear()
    for slot, material in enumerate(old.materials):
        if slot not in further:
            new.materials.append(material)
    for slot in np.unique(own[shared:]).tolist():  # the tear line's
        own[own == slot] = len(new.materials)
        new.materials.append(plain_ones[slot])
    own[:shared] = slots
    bpy.data.batch_remove([each for each in plain_ones if each and not each.users])
    new.polygons.foreach_set("material_index", own)
    corners = 2 * _loops(new, shared)
    for layer in old.uv_layers:
        values = np.empty(len(old.loops) * 2, np.float32)
        layer.data.foreach_get("uv", values)
        theirs = new.uv_layers.get(layer.name) or new.uv_layers.new(name=layer.name)
        at = np.empty(len(new.loops) * 2, np.float32)
        theirs.data.foreach_get("uv", at)
        at[:corners] = values[:corners]
        theirs.data.foreach_set("uv", at)
    new.update()
