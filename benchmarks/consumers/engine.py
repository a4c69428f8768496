"""Godot without a window loads an exported head and says what it found."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .found import Found

HERE = Path(__file__).parent


def read(command: list[str], room: Path, file: Path) -> tuple[Found, str]:
    """What Godot found in a GLB, and its version.

    command : what starts it, such as ["godot"] or ["chroot", "ROOM", "godot"]; room : the folder
    that it sees as /, where that is another.
    """
    with tempfile.TemporaryDirectory(dir=room / "tmp") as scratch:
        inside = Path("/") / Path(scratch).relative_to(room)
        (Path(scratch) / "head.glb").write_bytes(file.read_bytes())
        (Path(scratch) / "read.gd").write_bytes((HERE / "godot.gd").read_bytes())
        call = [*command, "--headless", "--path", str(inside), "--script", str(inside / "read.gd"),
                "--", str(inside / "head.glb"), str(inside / "found")]  # fmt: skip
        done = subprocess.run(call, capture_output=True, text=True, timeout=300)
        found = Path(scratch) / "found"
        if not found.is_file():
            raise ValueError(f"Godot told nothing of {file.name}: {done.stdout} {done.stderr}")
        head, _, values = found.read_bytes().partition(b"\n")
    told = json.loads(head)
    points = np.frombuffer(values, "<f4").reshape(-1, told["vertices"], 3)
    moves = points[1:] if told["relative"] else points[1:] - points[0]
    return Found(
        tuple(told["keys"]), tuple(told["bones"]), points[0], moves, told["influences"],
        told["off_one"], told["textures"],
    ), told["version"]  # fmt: skip
