"""Showing, choosing and removing the hypotheses of a head.

Each hypothesis is a shape key of its name, relative to the Basis; the identity in `ofer.basis` has
no key of its own because it is the Basis, and the expression `neutral` is the absence of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import bpy
import numpy as np

NEUTRAL: Final = "neutral"


def active_head(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active object, if it is one of our heads and still has its shape keys."""
    active = context.object
    if active and active.type == "MESH" and active.ofer.is_head and active.data.shape_keys:
        return active
    return None


def is_basis(head: bpy.types.Object, name: str) -> bool:
    """This hypothesis is what the head is when no key is on."""
    return name in (head.ofer.basis, NEUTRAL)


def key_exists(head: bpy.types.Object, name: str) -> bool:
    """It can be shown: nobody renamed or deleted its shape key."""
    return is_basis(head, name) or name in head.data.shape_keys.key_blocks


def chosen_identity(head: bpy.types.Object) -> str:
    """Name of the identity that the list stands on."""
    return _chosen(head.ofer.identities, head.ofer.identity_index)


def chosen_expression(head: bpy.types.Object) -> str:
    """Name of the expression that the list stands on."""
    return _chosen(head.ofer.expressions, head.ofer.expression_index)


def show_identity(head: bpy.types.Object) -> None:
    """Show the identity that the list stands on; expressions stay as they are."""
    _show(head, head.ofer.identities, chosen_identity(head))


def show_expression(head: bpy.types.Object) -> None:
    """Show the expression that the list stands on; the identity stays as it is."""
    _show(head, head.ofer.expressions, chosen_expression(head))


def use_identity(head: bpy.types.Object, name: str) -> None:
    """Make an identity the Basis; the former Basis becomes a key in its place.

    Keys of other identities keep their shape; all other keys keep their movement: each becomes
    new basis + (key - old basis).
    """
    former = head.ofer.basis
    keys = head.data.shape_keys
    new_key = keys.key_blocks[name]
    old, new = _points(keys.reference_key), _points(new_key)
    identities = {item.name for item in head.ofer.identities}
    for key in keys.key_blocks:
        if key.name not in identities and key != keys.reference_key:
            _set_points(key, new + (_points(key) - old))
    _set_points(new_key, old)
    _set_points(keys.reference_key, new)
    head.data.vertices.foreach_set("co", new.ravel())
    new_key.name = former
    head.ofer.basis = name
    show_identity(head)
    head.data.update()


def remove(head: bpy.types.Object, name: str) -> None:
    """Delete a hypothesis and its key; the list moves on to its neighbour."""
    if key := head.data.shape_keys.key_blocks.get(name):
        head.shape_key_remove(key)
    for items, index in (
        (head.ofer.identities, "identity_index"),
        (head.ofer.expressions, "expression_index"),
    ):
        place = items.find(name)
        if place >= 0:
            items.remove(place)
            chosen = getattr(head.ofer, index)
            setattr(head.ofer, index, min(chosen - (place < chosen), len(items) - 1))


def _chosen(items: bpy.types.bpy_prop_collection, index: int) -> str:
    return items[index].name if 0 <= index < len(items) else ""


def _show(head: bpy.types.Object, items: Iterable[bpy.types.PropertyGroup], chosen: str) -> None:
    if not head.data.shape_keys:
        return
    keys = head.data.shape_keys.key_blocks
    for item in items:
        key = keys.get(item.name)
        value = float(item.name == chosen)
        if key and key.value != value:  # an untouched key needs no new evaluation or undo data
            key.value = value
    head.active_shape_key_index = max(keys.find(chosen), 0)


def _points(key: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) float32, metres, object frame."""
    points = np.empty((len(key.points), 3), dtype=np.float32)
    key.points.foreach_get("co", points.ravel())
    return points


def _set_points(key: bpy.types.ShapeKey, points: np.ndarray) -> None:
    key.points.foreach_set("co", np.ascontiguousarray(points, dtype=np.float32).ravel())
