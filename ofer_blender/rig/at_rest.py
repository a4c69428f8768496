"""A mesh as it is seen, but for bones that pose it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import bpy

_NO_MESH: Final = ("PARTICLE_SYSTEM", "PARTICLE_INSTANCE")


def evaluated(thing: bpy.types.Object) -> bpy.types.Mesh:
    """A new mesh of what an object's keys and modifiers make, in its own frame; a scene has it."""
    graph = bpy.context.evaluated_depsgraph_get()
    return bpy.data.meshes.new_from_object(
        thing.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
    )


def copy_at_rest(
    source: bpy.types.Object, armature: bpy.types.Object, *, modifiers: bool = True
) -> bpy.types.Object:
    """A copy in no collection, in the source's own frame, without keys and modifiers: these are
    applied as they are seen, but for the bones of `armature`.

    modifiers : else none of them is, and the copy has the vertices of the source.
    """
    copy = source.copy()
    try:
        copy.animation_data_clear()
        copy.parent = None
        copy.constraints.clear()
        copy.hide_viewport = False  # else its modifiers would do nothing
        for each in list(copy.modifiers):
            moves = each.type == "ARMATURE" and each.object == armature
            if moves or each.type in _NO_MESH or not (modifiers and each.show_viewport):
                copy.modifiers.remove(each)
        here = bpy.context.scene.collection.objects
        here.link(copy)
        copy.data = evaluated(copy)
        here.unlink(copy)
        copy.modifiers.clear()
    except BaseException:
        bpy.data.objects.remove(copy)
        raise
    return copy


@contextmanager
def shape_at_rest(
    source: bpy.types.Object, armature: bpy.types.Object, *, modifiers: bool
) -> Iterator[bpy.types.Mesh]:
    """The mesh of `copy_at_rest`, for as long as it is looked at."""
    copy = copy_at_rest(source, armature, modifiers=modifiers)
    mesh = copy.data
    bpy.data.objects.remove(copy)
    try:
        yield mesh
    finally:
        bpy.data.meshes.remove(mesh)
