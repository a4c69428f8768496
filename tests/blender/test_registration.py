"""The add-on comes and goes without a trace, and keeps to its side of the wall."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from types import FrameType, ModuleType

import bpy
import pytest
from conftest import ROOT
from ofer_faces.ofer_blender import CLASSES
from ofer_faces.ofer_blender.engine import jobs
from ofer_faces.ofer_blender.translations import LOCALES

SOURCES = sorted((ROOT / "ofer_blender").rglob("*.py"))
FOR_THE_ADDON = (
    "ofer_engine.contract",
    "ofer_engine.client",
    "ofer_engine.geometry.affine_map",
    "ofer_engine.geometry.chosen_parts",
    "ofer_engine.geometry.modes",
    "ofer_engine.geometry.photo_pose",
    "ofer_engine.geometry.photo_views",
    "ofer_engine.geometry.pins",
    "ofer_engine.geometry.viewpoint",
)
"""What of the engine's code the add-on may use; it needs no torch and no SciPy."""


def imports(path: Path) -> set[str]:
    """Modules that a file imports, relative ones with their dots."""
    tree = ast.parse(path.read_text("utf-8"))
    plain = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    pairs = ((node, each.name) for node in nodes for each in node.names)
    return plain | {f"{'.' * node.level}{node.module or ''}.{name}" for node, name in pairs}


def test_register_and_unregister_again_and_again(addon: ModuleType) -> None:
    def registered() -> tuple:
        opened = bpy.app.handlers.load_post
        handlers = sum(each.__module__.startswith("ofer_faces.") for each in opened)
        keys = bpy.context.window_manager.keyconfigs.addon
        shortcuts = sum(len(keymap.keymap_items) for keymap in keys.keymaps) if keys else 0
        return handlers, shortcuts, [each.is_registered for each in CLASSES]

    full = registered()
    assert full[0] and all(full[2])
    for _ in range(3):
        addon.unregister()
        assert not hasattr(bpy.types.Scene, "ofer") and not hasattr(bpy.types.Object, "ofer")
        assert not registered()[0] and not any(registered()[2])
        addon.register()
        assert registered() == full


def test_registering_does_little(
    addon: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It opens no file but those of the languages, where nobody left any, and starts nothing."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # tests beside this one leave some
    addon.unregister()
    calls = opened = 0

    def watch(_frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls, opened
        calls += event == "call"
        opened += event == "c_call" and argument in (io.open, os.open)

    sys.setprofile(watch)
    try:
        addon.register()
    finally:
        sys.setprofile(None)
    assert calls < 20_000 and opened == len(LOCALES)
    assert jobs.queue.client is None and not bpy.app.timers.is_registered(jobs._tick)


def test_the_root_imports_nothing() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)


def test_no_torch_and_of_the_engine_only_what_both_sides_share() -> None:
    found = [(each.name, module) for each in SOURCES for module in imports(each)]
    assert any(module.strip(".").startswith(FOR_THE_ADDON) for _, module in found)
    for place, module in found:
        assert module.split(".")[0] not in {"torch", "ofer_engine", "requests", "socket"}, place
        if ".ofer_engine" in module:
            assert module.strip(".").startswith(FOR_THE_ADDON), (place, module)


def test_manifest() -> None:
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
    assert (manifest["id"], manifest["name"]) == ("ofer_faces", "OFER Faces")
    assert manifest["blender_version_min"] == "4.2.0"
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert len(text) <= 64 and text[-1].isalnum()


@pytest.mark.skipif(
    bpy.app.version < (5, 0, 0),
    reason="with any panel left on, the bpy module 4.2 crashes and 4.5 hangs at exit",
)
def test_blender_quits_cleanly_while_the_add_on_is_on() -> None:
    script = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests" / "blender")!r})
from conftest import ADDON
ADDON.register()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
