"""The zip as people get it: built, judged by Blender's own tool, installed and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import bpy
import pytest
import synthetic
from conftest import HERE, ROOT, ended_well
from ofer_faces.ofer_engine.setup import package


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(ROOT, tmp_path_factory.mktemp("dist"))


def test_contents(zipped: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        names = set(archive.namelist())
    sources = {str(p.relative_to(ROOT)) for p in (ROOT / "ofer_blender").rglob("*.py")}
    assert sources | {"__init__.py", "blender_manifest.toml", "install.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", ".")) or "pycache" in name]


def test_blender_finds_no_fault(zipped: Path) -> None:
    folder = Path(bpy.utils.system_resource("SCRIPTS"))
    tool = folder / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    package.validate(zipped, [sys.executable, str(tool)])


def test_installed_and_used(zipped: Path, tmp_path: Path) -> None:
    record = synthetic.write(tmp_path)
    done = subprocess.run(
        [sys.executable, str(HERE / "installed_extension.py"), str(zipped), str(record.folder)],
        capture_output=True,
        text=True,
        env=os.environ | {"BLENDER_USER_RESOURCES": str(tmp_path / "user")},
    )
    assert ended_well(done.returncode), done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "first": True,
        "again": True,
        "keys": ["Basis", "identity_02", "identity_03", "identity_04",
                 "expression_01", "expression_02", "expression_03"],
        "contract": ["bl_ext.user_default.ofer_faces.ofer_engine.contract.protocol"],
        "after_undo": 0,
        "gone": True,
    }  # fmt: skip
