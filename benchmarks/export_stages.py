"""Where the time of an export goes: our copy of the head, Blender's own exporter, the rest.

    PYTHONPATH=. BLENDER_PYTHON benchmarks/export_stages.py NAME.ofer [--levels 1]

BLENDER_PYTHON is a Python with Blender's module. Prints processor seconds, the least of three.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import addon

_ROUNDS: Final = 3
_TARGETS: Final = ("GLB", "WEB", "UNITY", "USD", "OBJ")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--levels", type=int, default=1, help="levels of detail")
    chosen = parser.parse_args()
    addon.load()
    from ofer_faces.ofer_blender.export import check_file, staging, write
    from ofer_faces.ofer_blender.export.plan import Plan
    from ofer_faces.ofer_blender.export.presets import Target
    from ofer_faces.ofer_blender.headless import scene_file

    spent: dict[str, float] = {}
    _watch(staging, "_make", spent)
    _watch(write, "_write", spent)
    head = scene_file.build(chosen.folder, None, None)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for target in _TARGETS:
            plan = Plan(Target(target), Path(scratch) / "head", lods=chosen.levels)
            rounds = []
            for _ in range(_ROUNDS):
                spent.clear()
                begun = time.process_time()
                write.export(head, plan)
                check_file.after(head, plan)
                rounds.append((time.process_time() - begun, spent["_make"], spent["_write"]))
            rows.append((target, *min(rounds)))
    print(f"{'':10}{'all':>8}{'our copy':>10}{'Blender':>9}")
    for target, total, copy, blender in rows:
        print(f"{target:10}{total:8.3f}{copy:10.3f}{blender:9.3f}")


def _watch(module: Any, name: str, spent: dict[str, float]) -> None:
    """Add up the processor time of a function of a module."""
    plain: Callable[..., object] = getattr(module, name)

    def watched(*arguments: object) -> object:
        begun = time.process_time()
        try:
            return plain(*arguments)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - begun

    setattr(module, name, watched)


if __name__ == "__main__":
    main()
