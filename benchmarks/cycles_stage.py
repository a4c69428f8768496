"""A sun, a camera and Cycles for a head, for pictures in the docs; run by Blender's Python."""

from __future__ import annotations

import math
from typing import Final

import bpy
from mathutils import Vector

_LENS: Final = 85


def set_up(
    head: bpy.types.Object, size: tuple[int, int], samples: int, sun: tuple[float, float, float]
) -> bpy.types.Object:
    """Prepare the scene and return its camera.

    size : width and height of the picture, pixels; sun : degrees about X and Z, and the radians
    that its disc spans.
    """
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"  # Eevee needs a screen
    scene.cycles.samples, scene.cycles.use_denoising = samples, False
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    for modifier in head.modifiers:
        if modifier.type == "SUBSURF":
            modifier.render_levels = max(modifier.levels, 1)
    lamp = bpy.data.objects.new("stage sun", bpy.data.lights.new("stage sun", "SUN"))
    lamp.data.energy, lamp.data.angle = 2.0, sun[2]
    lamp.rotation_euler = (math.radians(sun[0]), 0.0, math.radians(sun[1]))
    camera = bpy.data.objects.new("stage", bpy.data.cameras.new("stage"))
    camera.data.lens = _LENS
    for each in (lamp, camera):
        scene.collection.objects.link(each)
    scene.camera = camera
    return camera


def middle(head: bpy.types.Object) -> Vector:
    """Of the head's bounds, in the scene."""
    corners = [head.matrix_world @ Vector(corner) for corner in head.bound_box]
    return sum(corners, Vector()) / 8


def aim(
    camera: bpy.types.Object, focus: Vector, degrees: float, rise: float, distance: float
) -> None:
    """Look at a point from its front, from so many degrees to the left. rise : of the camera over
    the point, as a share of `distance`, metres."""
    turn = math.radians(degrees)
    away = Vector((math.sin(turn), -math.cos(turn), rise)) * distance
    camera.location = focus + away
    camera.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()
