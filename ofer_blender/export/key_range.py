"""How far a shape key goes: now, and in its animation."""

from __future__ import annotations

import bpy

from .. import compat


def reached(key: bpy.types.ShapeKey) -> tuple[float, float]:
    """The lowest and the highest value that a key has now or is keyed to, within its range; the
    whole range where a driver sets it.

    Handles of curves may reach farther between keyframes; Blender stops them at the range.
    """
    keys, path, values = key.id_data, key.path_from_id("value"), [key.value]
    if animation := keys.animation_data:
        curves = [curve for curve in compat.all_curves_of(keys) if curve.data_path == path]
        points = (point for curve in curves for point in curve.keyframe_points)
        values += [point.co.y for point in points]
        if any(driver.data_path == path for driver in animation.drivers):
            values += [key.slider_min, key.slider_max]
    within = [min(max(value, key.slider_min), key.slider_max) for value in values]
    return min(within), max(within)
