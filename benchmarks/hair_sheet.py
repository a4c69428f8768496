"""docs/pictures/hair.jpg: a head as `install.py run` leaves it, bald, and with three kinds of hair.

    BLENDER_PYTHON benchmarks/hair_sheet.py NAME.blend OUT.jpg

NAME.blend : of a portrait that may be shown, such as scikit-image's public-domain astronaut.png.
Cycles draws each head in some 20 s of two cores.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).absolute().parents[1]))
from benchmarks import addon

_STYLES: Final = (
    (None, (0.0, 0.0, 0.0)),
    ("SHORT", (0.09, 0.05, 0.03)),
    ("BOB", (0.30, 0.08, 0.03)),
    ("PONYTAIL", (0.34, 0.21, 0.09)),
)
"""Kinds of hair, and their colours, linear."""
_WIDTH, _HEIGHT = 420, 460
_TURN: Final = math.radians(28)
_DISTANCE: Final = 0.95
"""Metres from the camera to the middle of the head."""


def _stage(head: bpy.types.Object) -> None:
    """Light, camera and what Cycles needs."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 64, False
    scene.render.resolution_x, scene.render.resolution_y = _WIDTH, _HEIGHT
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    world = bpy.data.worlds.new("hair sheet")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.42, 0.42, 0.44, 1.0)
    scene.world = world
    for modifier in head.modifiers:
        if modifier.type == "SUBSURF":
            modifier.render_levels = max(modifier.levels, 1)
    sun = bpy.data.objects.new("hair sheet sun", bpy.data.lights.new("hair sheet sun", "SUN"))
    sun.data.energy, sun.data.angle = 2.0, 0.6
    sun.rotation_euler = (math.radians(50), 0.0, math.radians(-30))
    camera = bpy.data.objects.new("hair sheet", bpy.data.cameras.new("hair sheet"))
    camera.data.lens = 85
    for each in (sun, camera):
        scene.collection.objects.link(each)
    scene.camera = camera
    corners = [head.matrix_world @ Vector(corner) for corner in head.bound_box]
    look = sum(corners, Vector()) / 8 + Vector((0, 0, 0.02))
    away = Vector((math.sin(_TURN), -math.cos(_TURN), 0.05)) * _DISTANCE
    camera.location = look + away
    camera.rotation_euler = (-away).to_track_quat("-Z", "Y").to_euler()


def main(blend: Path, out: Path) -> None:
    addon.load()
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    head = next(each for each in bpy.data.objects if each.type == "MESH" and each.data.shape_keys)
    bpy.context.view_layer.objects.active = head
    head.select_set(True)
    _stage(head)
    shots = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (style, colour) in enumerate(_STYLES):
            if style is not None:
                head.ofer_hair.hair = style
                head.ofer_hair.colour = colour
                bpy.ops.ofer.add_hair()
            file = Path(folder) / f"{number}.png"
            bpy.context.scene.render.filepath = str(file)
            bpy.ops.render.render(write_still=True)
            image = bpy.data.images.load(str(file))
            pixels = np.empty(image.size[0] * image.size[1] * 4, np.float32)
            image.pixels.foreach_get(pixels)
            shots.append(pixels.reshape(image.size[1], image.size[0], 4))
    page = np.hstack(shots)
    sheet = bpy.data.images.new("hair sheet", page.shape[1], page.shape[0])
    sheet.pixels.foreach_set(page.ravel())
    sheet.file_format = "JPEG"
    sheet.save(filepath=str(out), quality=88)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
