"""Packs the extension: the same files give the same bytes."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from . import manual
from .installer import clean_environment
from .machine import folder_error

_FILES: Final = (
    "__init__.py",
    "blender_manifest.toml",
    "install.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "LICENSES.md",
    "CHANGELOG.md",
    "weights/README.md",
)
# Named one by one: weights that somebody put beside these are not ours to pass on.
_FOLDERS: Final = ("ofer_blender", "ofer_engine", "weights/open", "weights/faces")
_LEFT_OUT: Final = ("__pycache__",)
_WHEN: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can tell
_MODE: Final = 0o100644 << 16  # a plain file, as Unix says it


def build(root: Path, folder: Path) -> Path:
    """Write `ofer_faces-VERSION.zip` of the project in `root` into `folder`.

    Raises OferError where the manifest is missing or `folder` cannot be written.
    """
    try:
        manifest = tomllib.loads((root / "blender_manifest.toml").read_text("utf-8"))
    except FileNotFoundError as error:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"{root} holds no blender_manifest.toml, so it is not the project's folder.",
            "Run install.py from a complete copy of the project.",
        ) from error
    target = folder / f"{manifest['id']}-{manifest['version']}.zip"
    part = target.with_suffix(".zip.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(root, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise folder_error(error, folder) from error
    return target


def contents(root: Path) -> tuple[str, ...]:
    """The project's files in the package, `/` between parts, sorted; the manual comes besides."""
    return tuple(sorted(_paths(root)))


def validate(package: Path, tool: list[str]) -> None:
    """Have Blender's own extension tool judge the package. Raises OferError with its words."""
    done = subprocess.run(
        [*tool, "validate", str(package)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    if done.returncode != 0:
        raise OferError(
            ErrorCode.INTERNAL,
            f"Blender finds fault with {package.name}:\n{(done.stdout + done.stderr).strip()}",
            "Correct blender_manifest.toml or the files it names and run this again.",
        )


def _paths(root: Path) -> Iterator[str]:
    for name in _FILES:
        if (root / name).is_file():
            yield name
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root)
            hidden = any(part.startswith(".") or part in _LEFT_OUT for part in inside.parts)
            if path.is_file() and not hidden:
                yield inside.as_posix()


def _write(root: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        files = {name: (root / name).read_bytes() for name in contents(root)}
        for name, data in sorted((files | manual.pages(root)).items()):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3
            package.writestr(entry, data)
