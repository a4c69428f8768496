"""FBX and GLB files that are no such thing end in a sentence; whole ones: test_export."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import bpy
import pytest
from ofer_faces.ofer_blender.export import fbx_tree
from ofer_faces.ofer_blender.export.fbx import FbxReader
from ofer_faces.ofer_blender.export.glb import GlbReader

HEAD = b"Kaydara FBX Binary  \x00\x1a\x00" + struct.pack("<I", 7500)
ITSELF = struct.pack("<QQQB", len(HEAD), 0, 0, 0)
"""A record that names itself as the next one."""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"; FBX 7.5.0 project file", "no binary FBX"),
        (HEAD[:-1], "no binary FBX"),
        (HEAD, "ends in the middle"),
        (HEAD + ITSELF, "ends in the middle"),
    ],
)
def test_damaged_files_are_called_so(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "anna.fbx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        FbxReader(path)


def test_a_tree_is_written_as_it_was_read(head: bpy.types.Object, tmp_path: Path) -> None:
    """Byte for byte, what Blender itself writes."""
    path = tmp_path / "plain.fbx"
    bpy.ops.export_scene.fbx(filepath=str(path))
    assert fbx_tree.as_bytes(fbx_tree.read(path)) == path.read_bytes()


@pytest.mark.parametrize("target", ["UNREAL", "GLB"])
def test_three_hundred_damaged_files_are_read_or_called_so(
    head: bpy.types.Object, tmp_path: Path, target: str
) -> None:
    reader, suffix = (FbxReader, ".fbx") if target == "UNREAL" else (GlbReader, ".glb")
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.export_head(filepath=str(tmp_path / "anna"), target=target)
    path = tmp_path / f"anna{suffix}"
    whole = path.read_bytes()
    dice = random.Random(5)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 3, 9))):
            data[dice.randrange(20, dice.choice((2000, len(data))))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            reader(path).summary()
        except ValueError:
            refused += 1
    assert refused > 30
