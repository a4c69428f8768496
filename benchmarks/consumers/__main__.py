"""Exported heads before the programs that no registry of Python packages has.

    npm install --prefix benchmarks/consumers                gltf-validator and three.js
    apt-get install chromium godot                           Godot 4: Debian sid or later
    PYTHONPATH=. ENGINE_PYTHON tests/blender/real_heads.py HEADS
    PYTHONPATH=. BLENDER_PYTHON benchmarks/consumers/exports.py OUT HEADS/open.ofer HEADS/flame.ofer
    ENGINE_PYTHON -m benchmarks.consumers OUT [--godot godot] [--room /]

HEADS/open.ofer is of the bundled head, HEADS/flame.ofer of an invented FLAME; any NAME.ofer does.
Each GLB is judged by Khronos's validator, loaded by three.js in a headless Chromium (OUT/NAME/
TARGET_three.png shows it at rest and with jawOpen and a turned head bone), and by Godot. Whoever
is not there is left out, and said so. `--room DIR --godot "chroot DIR godot"` takes a Godot inside
a folder with a Debian of its own. Ends with 1 where something is not as it was sent.

What installs from PyPI and npm reads every export in the tests: tests/blender/test_consumers.py.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from . import browser, engine
from .found import Found

HERE = Path(__file__).parent


def validate(files: list[Path]) -> int:
    """Errors that Khronos's validator finds."""
    command = ["node", str(HERE / "validate.mjs"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    errors = 0
    for line in done.stdout.splitlines():
        report = json.loads(line)
        errors += report["errors"]
        counts = f"{report['errors']} errors, {report['warnings']} warnings"
        print(f"gltf-validator  {_name(Path(report['path']))}: {counts}")
    return errors


def report(program: str, file: Path, found: Found) -> int:
    """1 where a reader did not find what was sent."""
    faults = found.faults(file.parent / "sent.npz")
    verdict = "; ".join(faults) or (
        f"{len(found.keys)} keys, {len(found.bones)} bones, at most {found.influences} a vertex,"
        f" {found.textures} textures, all as sent"
    )
    print(f"{program}  {_name(file)}: {verdict}")
    return int(bool(faults))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.consumers")
    parser.add_argument("out", type=Path)
    parser.add_argument("--godot", type=shlex.split, default=["godot"])
    parser.add_argument("--room", type=Path, default=Path("/"))
    chosen = parser.parse_args(arguments)
    files = sorted(chosen.out.resolve().glob("*/*.glb"))
    faults = 0
    if (HERE / "node_modules").is_dir():
        faults += validate(files)
        if browser.program():
            for file in files:
                picture = file.with_name(f"{file.stem}_three.png")
                faults += report("three.js", file, browser.read(file, picture))
        else:
            print("three.js: left out, there is no Chromium")
    else:
        print("gltf-validator, three.js: left out, npm install is to be run first")
    if shutil.which(chosen.godot[0]):
        found, version = engine.read(chosen.godot, chosen.room, files)
        faults += sum(report(f"Godot {version}", *each) for each in zip(files, found, strict=True))
    else:
        print("Godot: left out, it is not here")
    return 1 if faults else 0


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
