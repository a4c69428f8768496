"""pyproject.toml says what the code really imports, exactly, and the licences follow it."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from ofer_engine.requirements import PinGroup
from ofer_engine.setup import blender
from ofer_engine.setup.commands import _parser
from ofer_engine.setup.home import Home
from ofer_engine.setup.pins import Pins, version_of
from ofer_engine.setup.provision import EXTRAS, beside_engine

from .conftest import ROOT

_PINS = Pins.read(ROOT)
_MODULES = {
    "pillow": "PIL",
    "pillow-heif": "pillow_heif",
    "scikit-image": "skimage",
    "tensorboardx": "tensorboardX",
}
_OURS = {"ofer_engine", "ofer_blender"}


def _names(group: str) -> set[str]:
    """Import names of a group's packages."""
    packages = {re.split(r"[=;\[]", pin)[0].strip() for pin in _PINS.groups[group]}
    return {_MODULES.get(package, package) for package in packages}


def _imported(folder: Path) -> set[str]:
    """Names of the packages beyond the standard library that files in `folder` import."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - _OURS


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("setup", set()),
        ("contract", {"numpy"}),
        ("client", {"numpy"}),
        ("research", _names("engine") | _names("train") | _names("evaluate")),
        ("published", _names("engine") | _names("train") | _names("evaluate") | _names("scrfd")),
        ("batch", _names("engine") | _names("batch")),
        ("performance", _names("engine") | _names("perform")),
        *(
            (room, _names("engine"))
            for room in (
                "arkit",
                "commands",
                "conditioning",
                "diffusion",
                "geometry",
                "handlers",
                "heads",
                "packs",
                "photo",
                "preview",
                "ranking",
                "texture",
            )  # fmt: skip
        ),
    ],
)
def test_only_pinned_packages_are_imported(room: str, allowed: set[str]) -> None:
    folder = ROOT / "ofer_engine" / room
    assert folder.is_dir()
    assert _imported(folder) <= allowed


def test_every_requirement_is_pinned_exactly() -> None:
    every = [pin for group in _PINS.groups.values() for pin in group]
    assert all(re.fullmatch(r"\d+(\.\d+)*", version_of(pin)) for pin in [*every, _PINS.uv])


def test_one_version_of_a_package_in_all_groups() -> None:
    versions: dict[str, set[str]] = {}
    for pins in _PINS.groups.values():
        for pin in pins:
            if ";" not in pin:
                versions.setdefault(re.split(r"[=\[]", pin)[0], set()).add(version_of(pin))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_every_package_has_its_licence() -> None:
    """Those that others bring included; NVIDIA's are named together."""
    text = (ROOT / "LICENSES.md").read_text("utf-8").lower().replace("_", "-")
    for file in _PINS.lock.folder.iterdir():
        for name in (entry.name for entry in _PINS.lock.entries(file.stem)):
            together = name.startswith(("nvidia-", "cuda-"))
            assert together or re.search(rf"(?<![\w-]){name}(?![\w-])", text), name


def test_ci_and_the_doctor_name_the_same_system_libraries() -> None:
    text = (ROOT / ".ci" / "run").read_text("utf-8")
    listed = re.search(r"libraries=\(\n(.*?)\n\)", text, re.DOTALL)
    assert listed and listed[1].split() == blender.LIBRARIES.split()


@pytest.mark.parametrize(
    ("requirement", "version"),
    [("torch==2.13.0", "2.13.0"), ("bpy==5.0.1; python_version < '3.12'", "5.0.1"), ("pip", "")],
)
def test_version_of_a_requirement(requirement: str, version: str) -> None:
    assert version_of(requirement) == version


def test_what_only_some_work_needs_can_be_added_to_the_engine():
    for group in EXTRAS:
        assert _PINS.groups[group]
    assert {*PinGroup} <= {*EXTRAS}
    parse = _parser().parse_args
    assert parse(["setup"]).groups == []
    assert parse(["setup", "--with", "train", "scrfd"]).groups == ["train", "scrfd"]
    with pytest.raises(SystemExit):
        parse(["setup", "--with", "test"])
    contents = beside_engine(Home(Path("home")), _PINS, "evaluate")
    assert contents.environment == Home(Path("home")).engine and not contents.torch
