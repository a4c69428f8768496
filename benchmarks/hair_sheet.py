"""docs/pictures/hair.jpg: a head as `install.py run` leaves it, bald, and with three kinds of hair.

    BLENDER_PYTHON benchmarks/hair_sheet.py NAME.blend OUT.jpg

NAME.blend : of a portrait that may be shown, such as scikit-image's public-domain astronaut.png.
Cycles draws each head in some 20 s of two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).absolute().parents[1]))
from benchmarks import addon, cycles_stage

_STYLES: Final = (
    (None, (0.0, 0.0, 0.0)),
    ("SHORT", (0.09, 0.05, 0.03)),
    ("BOB", (0.30, 0.08, 0.03)),
    ("PONYTAIL", (0.34, 0.21, 0.09)),
)
"""Kinds of hair, and their colours, linear."""
_WIDTH, _HEIGHT = 420, 460
_TURN: Final = 28
_DISTANCE: Final = 0.95
"""Metres from the camera to the middle of the head."""


def _stage(head: bpy.types.Object) -> None:
    """Grey surroundings, and the head from its front left."""
    camera = cycles_stage.set_up(head, (_WIDTH, _HEIGHT), 64, (50, -30, 0.6))
    world = bpy.data.worlds.new("hair sheet")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.42, 0.42, 0.44, 1.0)
    bpy.context.scene.world = world
    focus = cycles_stage.middle(head) + Vector((0, 0, 0.02))
    cycles_stage.aim(camera, focus, _TURN, 0.05, _DISTANCE)


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
