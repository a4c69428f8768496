"""Where a new head stands: at the cursor, on top of what would swallow it, beside other heads."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Vector

_GAP: Final = 0.05
"""Metres between two heads."""


def stand(
    context: bpy.types.Context, head: bpy.types.Object, shapes: np.ndarray, reach: float = 0.0
) -> None:
    """Put the head at the 3D cursor, or where it can be seen there.

    shapes : (I, V, 3) metres, object frame: whichever of them is shown, it must not sink in;
    reach : of what stands beside it, metres along the object's X, below 0.

    What would hide it, such as Blender's own default cube, two metres wide around the origin,
    becomes its plinth; where other heads stand already, it is the next in their row.
    """
    place = Vector(context.scene.cursor.location)
    left, _, lowest = (float(least) for least in shapes.min(axis=(0, 1)))
    left = min(left, reach)
    others = [
        other
        for other in context.visible_objects
        if other.type == "MESH" and other != head and not other.ofer.compared_with
    ]
    heads = [_box(other) for other in others if other.ofer.is_head]
    plinths = [_box(other) for other in others if not other.ofer.is_head]
    for _ in range(len(others)):
        if around := [high.z for low, high in plinths if _holds(low, high, place)]:
            place.z = max(around) - lowest
        elif beside := [high.x for low, high in heads if _holds(low, high, place)]:
            place.x = max(beside) + _GAP - left
        else:
            break
    head.location = place


def _holds(low: Vector, high: Vector, place: Vector) -> bool:
    return all(a < at < b for a, at, b in zip(low, place, high, strict=True))


def _box(thing: bpy.types.Object) -> tuple[Vector, Vector]:
    """Lowest and highest corner of its bounds, in the world."""
    corners = [thing.matrix_world @ Vector(corner) for corner in thing.bound_box]
    low = Vector(map(min, zip(*corners, strict=True)))
    return low, Vector(map(max, zip(*corners, strict=True)))
