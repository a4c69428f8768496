"""The points of shape keys, and of a head as the viewport shows it."""

from __future__ import annotations

import bpy
import numpy as np


def points(key: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) float32."""
    values = np.empty(len(key.points) * 3, np.float32)
    key.points.foreach_get("co", values)
    return values.reshape(-1, 3)


def key_points(head: bpy.types.Object) -> dict[str, np.ndarray]:
    """Of every key, by name."""
    return {key.name: points(key) for key in head.data.shape_keys.key_blocks}


def shown(head: bpy.types.Object) -> np.ndarray:
    """Vertices as the viewport shows them."""
    evaluated = head.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([vertex.co for vertex in evaluated.data.vertices], np.float32)
