"""Writes every target of one or more heads; run by Blender's Python.

    PYTHONPATH=. BLENDER_PYTHON benchmarks/consumers/exports.py OUT NAME.ofer ...

OUT/NAME/TARGET.glb and so on, and OUT/NAME/sent.npz: what a reader has to find.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import addon


def main(out: Path, folders: list[Path]) -> None:
    addon.load()
    import numpy as np
    from ofer_faces.ofer_blender.export import write
    from ofer_faces.ofer_blender.export.plan import Plan
    from ofer_faces.ofer_blender.export.presets import PRESETS, Target
    from ofer_faces.ofer_blender.headless import scene_file
    from ofer_faces.ofer_engine.contract import reconstruction

    for folder in folders:
        record = reconstruction.read(folder)
        head = scene_file.build(folder, None, None)
        place = out / folder.stem
        place.mkdir(parents=True, exist_ok=True)
        for target in Target:
            write.export(head, Plan(target, place / f"{target}.{PRESETS[target].format}"))
        polygons = record.array("polygons")
        np.savez(
            place / "sent.npz",
            rest=record.array("identity_vertices")[0],
            moves=record.array("arkit_units"),
            used=np.unique(polygons[polygons >= 0]),
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
