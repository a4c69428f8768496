"""`build_file.py` makes a .blend that opens and a .glb that other programs read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from conftest import ROOT, ended_well
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.files.sidecar import note_results, sidecar_of

SCRIPT = ROOT / "ofer_blender" / "headless" / "build_file.py"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-X", "utf8", str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_blend_and_glb(tmp_path: Path) -> None:
    record = synthetic.write(tmp_path, "ånna b")
    blend, glb = tmp_path / "ånna b.blend", tmp_path / "ånna b.glb"
    done = run(record.folder, "--blend", blend, "--glb", glb)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    head = bpy.context.view_layer.objects.active
    assert head.name == "ånna b" and head.ofer.is_head
    assert len(head.data.shape_keys.key_blocks) == 7 + 52
    assert set(head.parent.data.bones.keys()) == {"root", "neck", "head", "jaw", "eye_L", "eye_R"}
    assert bpy.context.scene.camera.type == "CAMERA"
    assert bpy.context.scene.render.resolution_x == 640
    assert [each.type for each in bpy.data.objects].count("LIGHT") == 3
    shown = bpy.context.window_manager.windows[0].screen
    assert [a.spaces.active.show_region_ui for a in shown.areas if a.type == "VIEW_3D"] == [True]


def test_blender_ends_with_everything_freed(tmp_path: Path) -> None:
    script = "import runpy, sys; sys.exit(runpy.run_path(sys.argv[1])['main'](sys.argv[2:]))"
    call = [sys.executable, "-I", "-c", script, str(SCRIPT)]
    call += [str(synthetic.write(tmp_path).folder), "--blend", str(tmp_path / "anna.blend")]
    done = subprocess.run(call, capture_output=True, text=True)
    assert ended_well(done.returncode), done.stderr
    assert "Not freed" not in done.stdout + done.stderr


def test_glb_keeps_every_key(tmp_path: Path) -> None:
    record = synthetic.write(tmp_path)
    glb = tmp_path / "anna.glb"
    assert run(record.folder, "--glb", glb).returncode == 0
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(glb))
    head = bpy.data.objects["anna_head"]
    names = [key.name for key in head.data.shape_keys.key_blocks][1:]
    assert names == [
        *ARKIT_52,
        *(f"identity_{i:02d}" for i in (2, 3, 4)),
        *(f"expression_{i:02d}" for i in (1, 2, 3)),
    ]
    # Seams split vertices, so compare the clouds: each exported point is one of ours.
    wanted = to_blender(record.array("expression_vertices")[1])
    key = head.data.shape_keys.key_blocks["expression_02"]
    seen = np.array([head.matrix_world @ point.co for point in key.points], np.float32)
    apart = np.linalg.norm(seen[:, None] - wanted[None], axis=-1)
    assert apart.min(axis=1).max() < 1e-5 and apart.min(axis=0).max() < 1e-5


@pytest.mark.parametrize("damage", ["missing", "damaged", "unwritable"])
def test_errors_are_one_sentence(tmp_path: Path, damage: str) -> None:
    record = synthetic.write(tmp_path)
    folder, blend = record.folder, tmp_path / "anna.blend"
    if damage == "missing":
        folder = tmp_path / "nobody.ofer"
    elif damage == "damaged":
        (folder / "uv.npy").write_bytes(b"nothing")
    else:
        blend = tmp_path / "no" / "such" / "folder" / "anna.blend"
    done = run(folder, "--blend", blend)
    assert done.returncode == 1 and done.stdout == ""
    assert "Traceback" not in done.stderr and len(done.stderr.strip()) > 20


def test_what_no_build_made_stays(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path).folder
    blend, glb = tmp_path / "anna.blend", tmp_path / "anna.glb"
    blend.write_text("a scene of my own")
    call = (folder, "--blend", blend, "--glb", glb, "--keep-others")
    done = run(*call)
    assert done.returncode == 1 and "anna.blend is already there" in done.stderr
    assert blend.read_text() == "a scene of my own"
    blend.unlink()
    assert run(*call).returncode == 0
    note_results(sidecar_of(glb), [blend])
    assert run(*call).returncode == 0  # as it was made
    note_results(sidecar_of(glb), [blend])
    with blend.open("ab") as file:
        file.write(b"worked on")
    worked_on = blend.read_bytes()
    assert run(*call).returncode == 1 and blend.read_bytes() == worked_on
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"anna.ofer", "anna.blend", "anna.glb", "anna.glb.json"}
