"""A copy of a head is a head of its own: as soon as one of the two is changed, a linked one (Alt-D)
gets a mesh of its own, and each keeps to its own camera and its own photo beside it."""

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
        make_single_user(head)


def ensure_shown(head: bpy.types.Object) -> None:
    """As `ensure`, for the callbacks of properties: an operator at work has seen to it already."""
    if not transaction.is_at_work():
        ensure(head)


def make_single_user(head: bpy.types.Object) -> None:
    """Give a head a mesh of its own."""
    active = head.active_shape_key_index
    head.data = head.data.copy()
    head.active_shape_key_index = active


def release_photo(head: bpy.types.Object) -> None:
    """Leave the photo's camera, and the photo beside, to the head that this one was copied from."""
    if _is_anothers(head, "photo_beside"):
        head.ofer.photo_beside = None
    if _is_anothers(head, "camera"):
        head.ofer.camera = head.ofer.scene_camera = None
        head.ofer.through_photo = False


def _is_anothers(head: bpy.types.Object, name: str) -> bool:
    thing = getattr(head.ofer, name)
    holder = thing.parent if thing else None
    return bool(holder and holder != head and getattr(holder.ofer, name) == thing)


def own_material(head: bpy.types.Object, slot: int) -> bpy.types.Material:
    """The material of a slot, copied where anything else wears it."""
    material = head.data.materials[slot]
    mine = sum(each == material for each in head.data.materials)
    if material.users - material.use_fake_user > mine:
        material = material.copy()
        head.data.materials[slot] = material
    return material
