"""Points of a head's shape keys: read, written, and what goes along with them."""

from __future__ import annotations

import bpy
import numpy as np

from .. import compat
from . import carried


def is_animated(key: bpy.types.ShapeKey) -> bool:
    """A curve, of a strip too, or a driver sets its value."""
    owner, path = key.id_data, key.path_from_id("value")
    drivers = owner.animation_data.drivers if owner.animation_data else ()
    return any(each.data_path == path for each in (*compat.all_curves_of(owner), *drivers))


def points(key: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) float32, metres, object frame."""
    values = np.empty((len(key.points), 3), dtype=np.float32)
    key.points.foreach_get("co", values.ravel())
    return values


def movement(head: bpy.types.Object, key: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) float32 metres that a key moves at 1: from the key that it is relative to, and as far
    as its vertex group goes."""
    move = points(key) - points(key.relative_key)
    group = head.vertex_groups.get(key.vertex_group) if key.vertex_group else None
    if group is None:
        return move
    share = np.zeros((len(move), 1), np.float32)
    for vertex in head.data.vertices:
        for entry in vertex.groups:
            if entry.group == group.index:
                share[vertex.index] = entry.weight
    return move * share


def set_points(key: bpy.types.ShapeKey, shape: np.ndarray) -> None:
    """Give a key a shape; hair that the head wears follows its skin, and an artist's keys that are
    relative to it go along.

    shape : (V, 3) float, metres, object frame.
    """
    along = [] if key == key.id_data.reference_key else resting_on(key)
    before = points(key) if along else 0.0
    write(key, shape)
    for each in along:
        write(each, points(each) + (points(key) - before))


def remove(head: bpy.types.Object, key: bpy.types.ShapeKey) -> None:
    """Delete a key. Those relative to it move as before, from the Basis; the active key stays the
    active one."""
    keys, active = head.data.shape_keys, head.active_shape_key
    stays = active.name if active and active != key else ""
    for each in relative_to(key):
        write(each, points(keys.reference_key) + (points(each) - points(key)))
        each.relative_key = keys.reference_key
    head.shape_key_remove(key)
    if stays:
        head.active_shape_key_index = keys.key_blocks.find(stays)


def relative_to(key: bpy.types.ShapeKey) -> list[bpy.types.ShapeKey]:
    """Keys whose movement counts from this one, itself left out."""
    return [each for each in key.id_data.key_blocks if each.relative_key == key and each != key]


def resting_on(key: bpy.types.ShapeKey) -> list[bpy.types.ShapeKey]:
    """Keys whose movement counts from this one, also by way of others, itself left out."""
    found = [key]
    for each in found:
        found += [other for other in relative_to(each) if other not in found]
    return found[1:]


def write(key: bpy.types.ShapeKey, shape: np.ndarray) -> None:
    keys = key.id_data
    if isinstance(keys.user, bpy.types.Mesh) and key != keys.reference_key:
        if carried.worn(keys.user):
            shape = carried.along(keys.user, shape, points(keys.reference_key))
    key.points.foreach_set("co", np.ascontiguousarray(shape, dtype=np.float32).ravel())
