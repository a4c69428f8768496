"""Several heads of the gallery side by side, as copies that come and go together."""

from __future__ import annotations

import math
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from . import hypotheses, view

COLLECTION: Final = "OFER compare"
_APART: Final = 1.12
"""Distance between copies, in heads."""
_LETTERS: Final = 0.13
"""Height of the captions, in heads."""
_LIFT: Final = 0.18
"""Heads by which the lowest row is raised above what the head stands on: its caption must be seen,
and necks may be longer than the head's own."""
_BOLD: Final = 0.001
"""Metres by which their strokes are thickened."""


def copies(head: bpy.types.Object) -> list[bpy.types.Object]:
    """The copies and captions that stand for a head now."""
    return [each for each in bpy.data.objects if each.ofer.compared_with == head]


def begin(scene: bpy.types.Scene, head: bpy.types.Object, count: int, turned: int) -> None:
    """Put copies of the next `count` heads of the gallery where the head is, each with the
    expression shown, and hide the head. The copies are plain meshes; the first becomes active.

    turned : pages turned from the best ones.
    """
    names = page(head, count, turned)
    head.ofer.comparing, head.ofer.compare_page = count, turned
    holder = bpy.data.collections.new(COLLECTION)
    scene.collection.children.link(holder)
    columns, rows = _grid(len(names))
    width, _, height = head.dimensions
    moved, made = _movement(head), []
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        across = (column - (columns - 1) / 2) * _APART * width
        up = ((rows - 1 - row) * (_APART + _LETTERS) + _LIFT) * height
        place = head.matrix_world @ Matrix.Translation((across, 0.0, up))
        copy = _copy(head, name, hypotheses.shape_of(head, name) + moved)
        for each in (copy, _caption(head, name, height)):
            holder.objects.link(each)
            each.ofer.compared_with, each.ofer.compared_as = head, name
            each.matrix_world = place @ each.matrix_world
        made.append(copy)
    _hide(head, True)
    _activate(made[0])


def bounds(head: bpy.types.Object, count: int) -> tuple[Vector, Vector]:
    """(centre, size) of so many copies with their captions, in the head's frame, metres."""
    columns, rows = _grid(count)
    width, depth, height = head.dimensions
    size = Vector((columns * _APART * width, depth, rows * (_APART + _LETTERS) * height))
    upwards = ((rows - 1) * (_APART + _LETTERS) + 2 * _LIFT - _LETTERS) / 2 * height
    return view.middle(head) + Vector((0.0, 0.0, upwards)), size


def end(head: bpy.types.Object) -> None:
    """Remove the copies, show the head again and make it active."""
    head.ofer.comparing = head.ofer.compare_page = 0
    for each in copies(head):
        data = each.data
        bpy.data.objects.remove(each)
        if not data.users:
            bpy.data.batch_remove([data])
    for collection in [c for c in bpy.data.collections if c.name.startswith(COLLECTION)]:
        if not collection.all_objects:
            bpy.data.collections.remove(collection)
    for font in [f for f in bpy.data.fonts if not f.users and f.filepath == "<builtin>"]:
        bpy.data.fonts.remove(font)
    _hide(head, False)
    _activate(head)


def page(head: bpy.types.Object, count: int, turned: int) -> list[str]:
    """Names of `count` listed identities, so many pages on from the best; after the last page
    comes the first."""
    names = [
        item.name
        for item in head.ofer.identities
        if hypotheses.is_listed(head, item) and hypotheses.key_exists(head, item.name)
    ]
    if not names:
        return []
    first = (turned * count) % (math.ceil(len(names) / count) * count)
    return names[first : first + count]


def _grid(count: int) -> tuple[int, int]:
    """(columns, rows), as square as can be."""
    columns = math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def _movement(head: bpy.types.Object) -> np.ndarray:
    """(V, 3) float32 metres: what the keys that are no identities add to a head now."""
    keys = head.data.shape_keys
    basis = hypotheses.points(keys.reference_key)
    identities, moved = head.ofer.identities, np.zeros_like(basis)
    for key in keys.key_blocks:
        if key.value and not key.mute and key != keys.reference_key and key.name not in identities:
            moved += key.value * (hypotheses.points(key) - basis)
    return moved


def _copy(head: bpy.types.Object, name: str, shape: np.ndarray) -> bpy.types.Object:
    mesh = bpy.data.meshes.new_from_object(head)
    mesh.name = f"{COLLECTION} {name}"
    mesh.vertices.foreach_set("co", np.ascontiguousarray(shape, np.float32).ravel())
    mesh.update()
    return bpy.data.objects.new(mesh.name, mesh)


def _caption(head: bpy.types.Object, name: str, height: float) -> bpy.types.Object:
    text = bpy.data.curves.new(f"{COLLECTION} {name} caption", "FONT")
    text.body = hypotheses.caption(head, head.ofer.identities[name])
    text.size, text.align_x, text.offset = _LETTERS * height, "CENTER", _BOLD
    caption = bpy.data.objects.new(text.name, text)
    centre = view.middle(head)
    low = Vector((centre.x, centre.y, centre.z - (0.5 + _LETTERS) * height))
    caption.matrix_world = Matrix.Translation(low) @ Matrix.Rotation(math.pi / 2, 4, "X")
    return caption


def _hide(head: bpy.types.Object, hidden: bool) -> None:
    if head.name in bpy.context.view_layer.objects:
        head.hide_set(hidden)


def _activate(chosen: bpy.types.Object) -> None:
    for other in bpy.context.selected_objects:
        other.select_set(False)
    if chosen.name in bpy.context.view_layer.objects:
        chosen.select_set(True)
        bpy.context.view_layer.objects.active = chosen
