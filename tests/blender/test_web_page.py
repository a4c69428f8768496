"""A head as a web page: everything the page needs lies in its folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import bpy
import pytest
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.web_page import page
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from recording_layout import draw
from scene_dump import differences, dump


def content_of(folder: Path) -> dict:
    script = (folder / page.HEAD).read_text("ascii")
    start, end = "window.OFER_HEAD = ", ";\n"
    assert script.startswith(start) and script.endswith(end)
    return json.loads(script.removeprefix(start).removesuffix(end))


def test_the_page_holds_the_head_and_leaves_the_scene(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    before = dump()
    assert bpy.ops.ofer.export_web_page(directory=str(tmp_path)) == {"FINISHED"}
    assert differences(before, dump()) == []
    folder = tmp_path / f"{head.name}_page"
    assert sorted(path.name for path in folder.iterdir()) == [
        "THREE_LICENSE.txt",
        "head.js",
        "index.html",
        "viewer.js",
    ]
    html = (folder / page.PAGE).read_text("utf-8")
    assert html.index("head.js") < html.index("viewer.js")
    assert "http" not in html and "module" not in html, "it opens from disk, without a network"
    content = content_of(folder)
    assert content["title"] == head.name and "Made with OFER Faces" in content["note"]
    (tmp_path / "inside.glb").write_bytes(base64.b64decode(content["glb"]))
    keys = GlbReader(tmp_path / "inside.glb").summary().meshes[0].keys
    listed = [key["name"] for group in content["groups"] for key in group["keys"]]
    assert sorted(listed) == sorted(keys)
    named = [f"identity_{n:02d}" for n in (2, 3, 4)] + [f"expression_{n:02d}" for n in (1, 2, 3)]
    assert set(named) <= set(keys)


def test_keys_stand_under_their_headings() -> None:
    keys = (*ARKIT_52, "identity_02", "expression_01", "Wink")
    groups = {each["title"]: each["keys"] for each in page.groups(keys)}
    assert tuple(key["name"] for key in groups["Face units"]) == ARKIT_52
    assert groups["Other heads"] == [{"name": "identity_02", "label": "Head 2"}]
    assert groups["Expressions"] == [{"name": "expression_01", "label": "Expression 1"}]
    assert groups["Further keys"] == [{"name": "Wink", "label": "Wink"}]


def test_a_folder_that_is_not_there_is_said(head: bpy.types.Object, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Choose a folder"):
        bpy.ops.ofer.export_web_page(directory=str(tmp_path / "nowhere"))


def test_the_panel_offers_it(head: bpy.types.Object) -> None:
    assert "ofer.export_web_page" in str(draw("OFER_PT_web_page"))
