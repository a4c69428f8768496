"""A linked copy of a head (Alt-D) shows the same mesh, but keeps a gallery of its own: as soon as
one of the two is changed, it gets a mesh of its own."""

from __future__ import annotations

import bpy

from ..undo import transaction
from ..undo.mesh_before import NAME


def is_shared(head: bpy.types.Object) -> bool:
    """Another head shows the same mesh."""
    others = (each for each in bpy.data.objects if each != head and each.data == head.data)
    return head.data.users > 1 and any(
        each.ofer.is_head and not each.name.startswith(NAME) for each in others
    )


def ensure(head: bpy.types.Object) -> None:
    """Give a head that shares its mesh one of its own, with its shape keys."""
    if head.type == "MESH" and head.is_editable and is_shared(head):
        part(head)


def ensure_shown(head: bpy.types.Object) -> None:
    """As `ensure`, for the callbacks of properties: an operator at work has seen to it already."""
    if not transaction.is_at_work():
        ensure(head)


def part(head: bpy.types.Object) -> None:
    """Give a head a mesh of its own."""
    active = head.active_shape_key_index
    head.data = head.data.copy()
    head.active_shape_key_index = active


def own_material(head: bpy.types.Object, slot: int) -> bpy.types.Material:
    """The material of a slot, copied where anything else wears it."""
    material = head.data.materials[slot]
    mine = sum(each == material for each in head.data.materials)
    if material.users - material.use_fake_user > mine:
        material = material.copy()
        head.data.materials[slot] = material
    return material
