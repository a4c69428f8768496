"""The add-on of this checkout, registered in the Blender that runs a script of this folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_ROOT = Path(__file__).absolute().parents[1]


def load() -> None:
    """Make it the package `ofer_faces`, whatever the checkout's folder is called."""
    spec = importlib.util.spec_from_file_location(
        "ofer_faces", _ROOT / "__init__.py", submodule_search_locations=[str(_ROOT)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["ofer_faces"] = package
    spec.loader.exec_module(package)
    import bpy

    bpy.context.preferences.addons.new().module = "ofer_faces"
    package.register()
