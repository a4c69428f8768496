"""Packs the extension: the same files give the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from ..contract.errors import ErrorCode, OferError
from ..contract.files.pieces import is_plain
from ..contract.files.replacement import Replacement
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
# Of a copy without git: what else lies in these folders is not known to be the project's.
_KNOWN: Final = (
    *_FILES,
    "docs/*.md",
    "docs/pictures/*.png",
    "docs/pictures/*.jpg",
    "ofer_blender/*.py",
    "ofer_blender/hair/styles/*.npz",
    "ofer_blender/hair/styles/*.webp",
    "ofer_blender/head/lashes.npz",
    "ofer_blender/head/lashes.png",
    "ofer_blender/translations/*.json",
    "ofer_blender/web_page/THREE_LICENSE.txt",
    "ofer_blender/web_page/index.html",
    "ofer_blender/web_page/viewer.js",
    "ofer_engine/*.py",
    "ofer_engine/conditioning/covered_points.npz",
    "ofer_engine/texture/albedo_prior.npz",
    "ofer_engine/texture/drawn_brows.npz",
    "requirements/*.txt",
    "weights/faces/LICENSE",
    "weights/faces/README.md",
    "weights/faces/faces.json",
    *(f"weights/faces/{name}.safetensors" for name in ("detector", "landmarker", "landmarks")),
    "weights/open/CARD.md",
    "weights/open/LICENSE-ICT-FaceKit.txt",
    "weights/open/card.json",
    "weights/open/head.npz",
    "weights/open/pack.json",
    *(f"weights/open/{name}.safetensors" for name in ("conditioner", "expgen", "idgen", "idrank")),
    "weights/open/source/README.md",
    "weights/open/source/card_0_1.json",
    *(f"weights/open/source/{name}.npz" for name in ("hint_axes", "ict_map", "landmarks")),
    "weights/open/source/slider_prior.npz",
)
_NAMED: Final = 5
"""Files that are not the project's, of those that a sentence names."""
_WHEN: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can tell
_MODE: Final = 0o100644 << 16  # a plain file, as Unix says it


def build(root: Path, folder: Path) -> Path:
    """Write `ofer_faces-VERSION.zip` of the project in `root` into `folder`.

    Raises OferError where the manifest is missing, something that would be in it is a link or not
    the project's, or `folder` cannot be written.
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
    _check_sources(root)
    files = {name: (root / name).read_bytes() for name in contents(root)} | manual.pages(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Replacement(target) as replacement:
            _write(files, replacement.place)
            replacement.finish()
    except OSError as error:
        raise folder_error(error, folder, "") from error
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
        raise folder_error(error, folder, "") from error
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
        if os.path.lexists(root / name):
            yield name
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root)
            hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
            left_out = any(inside.is_relative_to(folder) for folder in _LEFT_OUT)
            if not (hidden or left_out) and (path.is_symlink() or not path.is_dir()):
                yield inside.as_posix()


def _check_sources(root: Path) -> None:
    """Raises OferError(BAD_REQUEST) for a link or a pipe, and for what is not the project's."""
    tracked = _tracked(root)
    foreign = []
    pages = (path.relative_to(root).as_posix() for path in manual.sources(root))
    for name in (*contents(root), *pages):
        known = name in tracked if tracked else any(fnmatchcase(name, each) for each in _KNOWN)
        inside = PurePosixPath(name)
        links = any((root / each).is_symlink() for each in (inside, *inside.parents[:-1]))
        if not known or links or not is_plain(root / name):
            foreign.append(name)
    if foreign:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "What is not the project's, or a link, would be in the package: {names}.",
            "Move it away, or add it to git, and run this again.",
            names=", ".join(foreign[:_NAMED]) + (", …" if foreign[_NAMED:] else ""),
        )


def _tracked(root: Path) -> frozenset[str]:
    """What git tracks, `/` between parts; empty where this is no checkout or git is not here."""
    if not os.path.lexists(root / ".git"):
        return frozenset()
    variables = {name: value for name, value in clean_environment().items() if name[:4] != "GIT_"}
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=variables,
        ).stdout
    except OSError:
        return frozenset()
    return frozenset(map(os.fsdecode, listed.split(b"\0"))) - {""}


def _write(files: Mapping[str, bytes], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3
            package.writestr(entry, data)
