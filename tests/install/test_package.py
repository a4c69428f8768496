"""The extension's zip: the same bytes each time, all that is needed, nothing that is not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from ofer_engine.contract.launch import default_home
from ofer_engine.setup import blender, package
from ofer_engine.setup.home import Home

from .conftest import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(ROOT, tmp_path_factory.mktemp("dist"))


def test_two_copies_of_the_project_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "docs", copy / "docs")  # which the manual is made of
    for name in reversed(package.contents(ROOT)):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
        os.utime(copy / name, (10**9, 10**9))
    again = package.build(copy, tmp_path / "dist")
    assert again.name == built.name
    assert again.read_bytes() == built.read_bytes()


def test_holds_what_the_extension_and_its_setup_need(built: Path) -> None:
    with zipfile.ZipFile(built) as zipped:
        assert zipped.testzip() is None
        names = set(zipped.namelist())
    assert names >= {
        "blender_manifest.toml",
        "__init__.py",
        "install.py",
        "pyproject.toml",
        "LICENSE",
        "LICENSES.md",
        "ofer_blender/__init__.py",
        "ofer_blender/build_file.py",
        "ofer_engine/__main__.py",
        "ofer_engine/contract/launch.py",
        "ofer_engine/setup/commands.py",
        "weights/open/pack.json",
        "weights/open/head.npz",
        "weights/open/LICENSE-ICT-FaceKit.txt",
        "weights/faces/detector.safetensors",
        "weights/faces/landmarks.safetensors",
        "weights/faces/LICENSE",
        "manual/manual.html",
    }


def test_holds_nothing_else(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with zipfile.ZipFile(built) as zipped:
        zipped.extractall(copy)
    for stray in (
        "weights/mine/flame.pkl",
        "tests/engine/test_x.py",
        ".git/config",
        "ofer_engine/__pycache__/a.pyc",
        "ofer_blender/.secret",
        "notes.txt",
    ):
        (copy / stray).parent.mkdir(parents=True, exist_ok=True)
        (copy / stray).write_text("stray")
    assert package.contents(copy) == package.contents(ROOT)


def test_one_version_everywhere() -> None:
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert manifest["version"] == project["version"]
    assert f"\n## {project['version']}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_blender_finds_no_fault_with_it(built: Path) -> None:
    module = Home(default_home()).blender_module()
    tool = blender.extension_tool(blender.find(), module)
    if tool is None:
        pytest.skip("neither Blender nor its Python module is here")
    package.validate(built, tool)


def test_installed_it_can_set_itself_up(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(built) as zipped:
        zipped.extractall(tmp_path / "ofer_faces")
    installer = tmp_path / "ofer_faces" / "install.py"
    done = subprocess.run(
        [sys.executable, "-I", str(installer), "doctor", "--home", str(tmp_path / "home")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "missing  engine          not set up" in done.stdout
    assert "ok       pack open       bundled" in done.stdout
    assert "ok       face finder     bundled" in done.stdout
    assert done.stderr == ""
