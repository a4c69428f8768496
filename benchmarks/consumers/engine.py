"""Godot without a window imports exported heads as its editor does, and says what it has then."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .found import Found

HERE = Path(__file__).parent
_PROJECT = 'config_version=5\n[application]\nconfig/name="heads"\n'


def read(command: list[str], room: Path, files: list[Path]) -> tuple[list[Found], str]:
    """What Godot has of each GLB, and its version. Raises ValueError where it fails.

    command : what starts it, such as ["godot"] or ["chroot", "ROOM", "godot"]; room : the folder
    that it sees as /, where that is another.
    """
    with tempfile.TemporaryDirectory(dir=room / "tmp") as scratch:
        project, inside = Path(scratch), Path("/") / Path(scratch).relative_to(room)
        (project / "project.godot").write_text(_PROJECT)
        (project / "read.gd").write_bytes((HERE / "godot.gd").read_bytes())
        for number, file in enumerate(files):
            (project / f"head_{number}.glb").write_bytes(file.read_bytes())
        godot = [*command, "--headless", "--path", str(inside)]
        _run([*godot, "--import"])
        output = _run([*godot, "--script", "res://read.gd", "--", str(len(files))])
        reports = [project / f"found_{number}" for number in range(len(files))]
        if not all(each.is_file() for each in reports):
            raise ValueError(f"Godot reported nothing on some heads: {output}")
        found = [_found(each) for each in reports]
    return [each for each, _ in found], found[0][1]


def _run(call: list[str]) -> str:
    done = subprocess.run(call, capture_output=True, text=True, timeout=600)
    return (done.stdout + done.stderr)[-2000:]


def _found(path: Path) -> tuple[Found, str]:
    head, _, values = path.read_bytes().partition(b"\n")
    report = json.loads(head)
    points = np.frombuffer(values, "<f4").reshape(-1, report["vertices"], 3)
    moves = points[1:] if report["relative"] else points[1:] - points[0]
    found = Found(
        tuple(report["keys"]), tuple(report["bones"]), points[0], moves, report["influences"],
        report["off_one"], report["textures"],
    )  # fmt: skip
    return found, report["version"]
