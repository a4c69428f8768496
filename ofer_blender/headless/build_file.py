"""Build a .blend and a .glb of a reconstruction without a window.

python build_file.py NAME.ofer --blend X.blend --glb X.glb        (a Python with bpy)
blender --background --factory-startup --python build_file.py -- NAME.ofer --blend X.blend …
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).absolute().parents[2]
_PACKAGE = "ofer_faces"


def main(arguments: list[str]) -> int:
    """Build what the command line says; errors are one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="build_file.py", description=__doc__)
    parser.add_argument("reconstruction", type=Path)
    parser.add_argument("--blend", type=Path)
    parser.add_argument("--glb", type=Path)
    parser.add_argument("--photo", type=Path, help="stands beside the head in the .blend")
    kept = "replace nothing but what the GLB's sidecar lists, unchanged since (default: all)"
    parser.add_argument("--keep-others", action="store_true", help=kept)
    options = parser.parse_args(arguments)
    addon = _addon()
    stopping = importlib.import_module(f"{_PACKAGE}.ofer_engine.client.stopping")
    faults = importlib.import_module(f"{_PACKAGE}.ofer_engine.client.faults")
    scene_file = importlib.import_module(f"{_PACKAGE}.ofer_blender.headless.scene_file")
    stopping.listen("stopped")
    addon.register()
    try:
        places = (options.reconstruction, options.blend, options.glb, options.photo)
        with stopping.working():
            scene_file.build(*places, overwrite=not options.keep_others)
    except KeyboardInterrupt:
        return stopping.STOPPED
    except Exception as cause:  # noqa: BLE001 the border
        sys.stderr.write(f"{faults.caught(cause)}\n")
        return 1
    finally:
        addon.unregister()
    return 0


def _addon() -> ModuleType:
    """The project's folder as a package, whatever that folder is called."""
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, _ROOT / "__init__.py", submodule_search_locations=[str(_ROOT)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    spec.loader.exec_module(package)
    return package


def _silence() -> None:
    """Blender and its exporters chat on stdout, some of it only when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    _silence()
    after = sys.argv.index("--") if "--" in sys.argv else 0
    status = main(sys.argv[after + 1 :])
    importlib.import_module(f"{_PACKAGE}.ofer_blender.compat").leave(status)
