"""Copies of a head, its rig and what goes along, bare of all that is the artist's and ours."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..head import carried, certainty
from ..rig.at_rest import copy_at_rest
from . import neck
from .animation import Animation
from .applied import applied, is_applied
from .lods import without_keys
from .pictures import Pictures
from .plan import Plan
from .shapes import Shapes, gather, put_on
from .temporary_blocks import TemporaryBlocks

_NOT_SHIPPED: Final = tuple(certainty.LAYERS.values())


def copy_rig(source: bpy.types.Object, name: str, made: TemporaryBlocks) -> bpy.types.Object:
    """The rig at rest, without constraints, animation or shapes."""
    copy = source.copy()
    made.blocks.append(copy)
    copy.data = source.data.copy()
    copy.data.pose_position = "POSE"
    copy.animation_data_clear()
    copy.data.animation_data_clear()
    made.name_object(copy, f"{name}_rig")
    _forget(copy)
    for bone in copy.data.bones:
        _clear(bone)
    for bone in copy.pose.bones:
        _clear(bone)
        bone.matrix_basis.identity()
        bone.custom_shape = None
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
    return copy


def copy_head(
    head: bpy.types.Object, plan: Plan, made: TemporaryBlocks, animation: Animation | None
) -> tuple[bpy.types.Object, Shapes]:
    """The head with its shapes, every key at 0, from 0 to 1; modifiers that travel are applied."""
    moving = animation.moving_keys if animation else frozenset()
    copy, shapes = _bare(head, without_keys(head), made), gather(head, plan, moving)
    if plan.close_neck:
        neck.close(copy.data)
    for each in list(copy.modifiers):
        if not is_applied(each, head, plan):
            copy.modifiers.remove(each)
    put_on(copy, shapes)
    bpy.context.scene.collection.objects.link(copy)
    if copy.modifiers:
        shapes = applied(copy, shapes)
    bpy.context.scene.collection.objects.unlink(copy)
    return copy, shapes


def copy_shown(
    head: bpy.types.Object, shown: bpy.types.Mesh, made: TemporaryBlocks
) -> tuple[bpy.types.Object, Shapes]:
    """The head as it is seen, without keys and modifiers."""
    copy = _bare(head, shown, made)
    copy.modifiers.clear()
    basis = np.empty((len(shown.vertices), 3), np.float32)
    shown.vertices.foreach_get("co", basis.ravel())
    return copy, Shapes(basis, (), np.zeros((0, *basis.shape), np.float32))


def copy_along(
    source: bpy.types.Object,
    name: str,
    armature: bpy.types.Object,
    pictures: Pictures,
    made: TemporaryBlocks,
) -> bpy.types.Object:
    """What goes beside the head, dressed as it is. Raises OSError."""
    copy = copy_at_rest(source, armature)
    made.blocks.append(copy)
    _forget(copy)
    dress(copy, source, pictures, made)
    made.name_object(copy, name)
    return copy


def dress(
    fine: bpy.types.Object, head: bpy.types.Object, pictures: Pictures, made: TemporaryBlocks
) -> None:
    """Give the copy the head's materials with its pictures in files."""
    sources = [slot.material for slot in head.material_slots]
    try:
        copies = [source and pictures.material(source) for source in sources]
    finally:
        made.blocks += pictures.copies
    for number, copy in enumerate(copies):
        fine.material_slots[number].link = "DATA"
        fine.data.materials[number] = copy
    for source, copy in dict(zip(sources, copies, strict=True)).items():
        if source:
            _clear(copy)
            made.name(copy, "".join(each if each.isprintable() else "_" for each in source.name))


def _bare(head: bpy.types.Object, mesh: bpy.types.Mesh, made: TemporaryBlocks) -> bpy.types.Object:
    """A copy of the head with another mesh, where the head is, without parent and animation."""
    place = head.matrix_world.copy()
    copy = head.copy()
    copy.data = mesh
    made.blocks.append(copy)
    copy.animation_data_clear()
    copy.parent = None
    copy.constraints.clear()
    copy.matrix_world = place
    copy.hide_viewport = False  # else its modifiers would do nothing
    _forget(copy)
    for layer in _NOT_SHIPPED:
        if attribute := mesh.color_attributes.get(layer):
            mesh.color_attributes.remove(attribute)
    for name in carried.worn(mesh):
        mesh.attributes.remove(mesh.attributes[carried.ATTRIBUTE + name])
    return copy


def _forget(copy: bpy.types.Object) -> None:
    """What is noted on the object or its data is the artist's and ours."""
    _clear(copy)
    _clear(copy.data)


def _clear(owner: bpy.types.bpy_struct) -> None:
    for key in list(owner.keys()):
        del owner[key]
