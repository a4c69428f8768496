"""Where a new head stands: at the 3D cursor, unless something there would swallow it."""

from __future__ import annotations

from typing import Final

import bpy
from mathutils import Vector

_GAP: Final = 0.5
"""Distance to what it stands beside, in heads."""


def stand(context: bpy.types.Context, head: bpy.types.Object) -> None:
    """Put the head at the 3D cursor, or to the right of what would hide it there.

    Blender's own default cube, two metres wide around the origin, is such a thing.
    """
    size, place = head.dimensions, Vector(context.scene.cursor.location)
    for _ in range(len(context.visible_objects)):
        around = [
            box
            for other in context.visible_objects
            if other != head and other.type == "MESH" and (box := _box(other))
            if all(low < at < high for low, at, high in zip(box[0], place, box[1], strict=True))
        ]
        if not around:
            break
        place.x = max(high.x for _, high in around) + (0.5 + _GAP) * size.x
    head.location = place


def _box(thing: bpy.types.Object) -> tuple[Vector, Vector]:
    """Lowest and highest corner of its bounds, in the world."""
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    low = Vector(map(min, zip(*corners, strict=True)))
    return low, Vector(map(max, zip(*corners, strict=True)))
