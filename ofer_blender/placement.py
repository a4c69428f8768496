"""Where a new head stands: at the 3D cursor, or on top of what would swallow it there."""

from __future__ import annotations

import bpy
from mathutils import Vector


def stand(context: bpy.types.Context, head: bpy.types.Object) -> None:
    """Put the head at the 3D cursor, or on top of what would hide it there.

    Blender's own default cube, two metres wide around the origin, is such a thing.
    """
    place = Vector(context.scene.cursor.location)
    lowest = min(corner[2] for corner in head.bound_box)
    for _ in range(len(context.visible_objects)):
        around = [
            box
            for other in context.visible_objects
            if other != head and other.type == "MESH" and (box := _box(other))
            if all(low < at < high for low, at, high in zip(box[0], place, box[1], strict=True))
        ]
        if not around:
            break
        place.z = max(high.z for _, high in around) - lowest
    head.location = place


def _box(thing: bpy.types.Object) -> tuple[Vector, Vector]:
    """Lowest and highest corner of its bounds, in the world."""
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    low = Vector(map(min, zip(*corners, strict=True)))
    return low, Vector(map(max, zip(*corners, strict=True)))
