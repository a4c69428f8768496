"""The pictures in Blender, the web page and the seconds; run by Blender's Python.

    PYTHONPATH=. BLENDER_PYTHON benchmarks/skin_sheet/render.py NAME.ofer OUT KEY ...

OUT/blender_0.png from the front, _1.png from the side, and one of each key; OUT/NAME_page/;
OUT/seconds.json.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks import addon

WIDTH: Final = 440
HEIGHT: Final = 518
_DISTANCE: Final = 0.78
_FRONT, _SIDE, _TURNED = 0, 38, -12


def main(folder: Path, out: Path, keys: list[str]) -> None:
    addon.load()
    import bpy
    from mathutils import Vector
    from ofer_faces.ofer_blender.headless import scene_file
    from ofer_faces.ofer_blender.web_page import page

    from benchmarks import cycles_stage

    seconds = {}
    begun = time.perf_counter()
    scene_file.build(folder, None, None)
    seconds["head, skin, the 52 and the rig in Blender"] = time.perf_counter() - begun
    begun = time.perf_counter()
    head = scene_file.build(folder, None, out / "head.glb")
    seconds["the same with the GLB written"] = time.perf_counter() - begun
    (out / "seconds.json").write_text(json.dumps(seconds))
    page.export(head, out / "page")
    camera = cycles_stage.set_up(head, (WIDTH, HEIGHT), 32, (55, -35, 0.5))
    focus = cycles_stage.middle(head) + Vector((0, 0, 0.025))
    blocks = head.data.shape_keys.key_blocks
    shots = [(_FRONT, ""), (_SIDE, ""), *((_TURNED, key) for key in keys)]
    for number, (angle, key) in enumerate(shots):
        for block in blocks[1:]:
            block.value = float(block.name == key)
        cycles_stage.aim(camera, focus, angle, 0.02, _DISTANCE)
        bpy.context.scene.render.filepath = str(out / f"blender_{number}.png")
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
