"""Packs the extension: the same files give the same bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence
from . import manual
from .machine import folder_error
from .runner import clean_environment

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
_FOLDERS: Final = ("ofer_blender", "ofer_engine", "requirements", "weights/open", "weights/faces")
# What the extension has no use for: making packs, training the published networks, benchmarks, and
# the translations in the form that people edit.
_LEFT_OUT: Final = (
    "ofer_blender/translations/po",
    "ofer_engine/research",
    "ofer_engine/published/training",
    "ofer_engine/published/benchmarks",
)
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
            "{root} holds no blender_manifest.toml, so it is not the project's folder.",
            "Run install.py from a complete copy of the project.",
            root=root,
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
            "Blender finds fault with {name}:\n{said}",
            "Correct blender_manifest.toml or the files it names and run this again.",
            name=package.name,
            said=Sentence((done.stdout + done.stderr).strip()),
        )


def make_repository(package: Path, folder: Path, tool: list[str]) -> Path:
    """Make `folder` a repository of Blender extensions that offers this package alone.

    Blender's extension tool writes `index.json`, which Blender asks, and `index.html`, from which
    people drag the extension into Blender; the package is copied beside them, and packages of
    other versions go. Returns the index. Raises OferError where the folder cannot be written or
    the tool lists something else.
    """
    index = folder / "index.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for other in folder.glob(f"{package.name.partition('-')[0]}-*.zip"):
            other.unlink()
        index.unlink(missing_ok=True)
        shutil.copyfile(package, folder / package.name)
    except OSError as error:
        raise folder_error(error, folder) from error
    done = subprocess.run(
        [*tool, "server-generate", "--html", "--repo-dir", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    try:
        offered = [each["archive_url"] for each in json.loads(index.read_text("utf-8"))["data"]]
    except (OSError, ValueError, LookupError):
        offered = []
    if f"./{package.name}" not in offered:
        raise OferError(
            ErrorCode.INTERNAL,
            "Blender's extension tool does not list {name}:\n{said}",
            "Remove {folder} and run this again.",
            name=package.name,
            said=Sentence((done.stdout + done.stderr).strip()),
            folder=folder,
        )
    return index


def repository_address(url: str) -> str:
    """The address of the index, which Blender wants, for that of the folder or of the index.

    Raises OferError bad_request for what is no address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file") or not (parts.netloc or parts.path):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{url} is no address of a folder on a web server.",
            "Give one like https://example.org/blender.",
            url=url,
        )
    return url if parts.path.endswith("/index.json") else f"{url.rstrip('/')}/index.json"


def _paths(root: Path) -> Iterator[str]:
    for name in _FILES:
        if (root / name).is_file():
            yield name
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
            left_out = any(inside.is_relative_to(folder) for folder in _LEFT_OUT)
            if path.is_file() and not (hidden or left_out):
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
