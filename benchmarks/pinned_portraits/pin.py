"""Pin a head in Blender: BLENDER_PYTHON pin.py NAME.ofer OUT.npz POINT,X,Y …

Writes what is shown then, (V, 3) metres, engine frame, and where the photo's camera stands.
"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).absolute().parents[2]))
from benchmarks import addon


def main(folder: str, out: str, drags: list[str]) -> None:
    addon.load()
    from ofer_faces.ofer_blender.head.pins import Pinning
    from ofer_faces.ofer_blender.headless import scene_file
    from ofer_faces.ofer_blender.photo import pin_drag

    head = scene_file.build(Path(folder), None, None)
    bpy.context.view_layer.objects.active = head
    for drag in drags:
        point, x, y = drag.split(",")
        bpy.ops.ofer.pin(point=int(point), photo=(float(x), float(y)))
    view = pin_drag.main_viewpoint(head)
    apart = [pin.deviations for pin in head.ofer.pins]
    shown = Pinning.of(head).surface(head)
    np.savez(out, shown=shown, rotation=view.rotation, shift=view.shift, deviations=apart)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
