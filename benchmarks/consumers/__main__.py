"""Every exported GLB before Khronos's validator, every FBX, OBJ and GLB before assimp.

    npm install --prefix benchmarks/consumers          gltf-validator
    apt-get install assimp-utils                       assimp, where there is none it is left out
    python -m benchmarks.consumers FOLDER              FOLDER holds exported heads

Opt-in: neither comes from PyPI. Ends with 1 where a file has an error.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def validate(files: list[Path]) -> int:
    """Errors that Khronos's validator finds."""
    command = ["node", str(HERE / "validate.mjs"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    errors = 0
    for line in done.stdout.splitlines():
        told = json.loads(line)
        errors += told["errors"]
        said = ", ".join(told["said"]) or "nothing to say"
        print(f"gltf-validator  {Path(told['path']).name}: {told['errors']} errors, {said}")
    return errors


def import_all(files: list[Path]) -> int:
    """Files that assimp cannot import."""
    failed = 0
    for file in files:
        done = subprocess.run(["assimp", "info", str(file)], capture_output=True, text=True)
        counts = [line for line in done.stdout.splitlines() if line.startswith(("Meshes", "Bones"))]
        failed += done.returncode != 0
        print(f"assimp  {file.name}: {'fails' if done.returncode else '; '.join(counts)}")
    return failed


def main(folder: Path) -> int:
    glb = sorted(folder.glob("*.glb"))
    faults = validate(glb) if glb else 0
    if shutil.which("assimp"):
        faults += import_all(
            sorted(each for each in folder.iterdir() if each.suffix in (".fbx", ".obj"))
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
