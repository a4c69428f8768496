"""FBX files that are no such thing end in a sentence; whole ones are read in test_export."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from ofer_faces.ofer_blender.export.fbx import FbxReader

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
