"""The lock agrees with pyproject.toml and names all that is installed, each with its hashes."""

from __future__ import annotations

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ofer_engine.setup.lock import BLENDER_TEST, ENGINE, TEST, TORCH, UV, parse, pins_hash
from ofer_engine.setup.pins import Pins

from .conftest import ROOT

_PINS = Pins.read(ROOT)
_LOCK = _PINS.lock
_RENEW = 'run "python3 install.py lock"'
_SOURCES = {**_PINS.groups, TORCH: _PINS.groups[ENGINE], UV: (_PINS.uv,)}


def _locked(*groups: str) -> dict[str, list[Requirement]]:
    """The requirements of these groups, by package."""
    found: dict[str, list[Requirement]] = {}
    for group in groups:
        for entry in _LOCK.entries(group):
            line = entry.text.partition("\\")[0]
            found.setdefault(entry.name, []).append(Requirement(line))
    return found


def test_there_is_a_lock_of_each_group_and_no_other():
    assert {file.stem for file in _LOCK.folder.iterdir()} == {*_SOURCES}


@pytest.mark.parametrize("group", _SOURCES)
def test_the_lock_was_made_from_these_pins(group: str) -> None:
    assert _LOCK.made_from(group) == pins_hash(_SOURCES[group]), _RENEW


@pytest.mark.parametrize("group", _PINS.groups)
def test_the_lock_keeps_every_pin(group: str) -> None:
    locked = _locked(group) if group == BLENDER_TEST else _locked(ENGINE, TORCH, group)
    for pin in map(Requirement, _PINS.groups[group]):
        versions = {str(each.specifier) for each in locked[canonicalize_name(pin.name)]}
        assert str(pin.specifier) in versions, _RENEW


@pytest.mark.parametrize("group", _SOURCES)
def test_every_package_has_one_version_and_hashes_and_no_address(group: str) -> None:
    assert _LOCK.entries(group)
    for entry in _LOCK.entries(group):
        first, *more = [line.strip(" \\") for line in entry.text.splitlines()]
        hashes = [line for line in more if re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line)]
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; [\w.*'\"<>=! ()]+)?", first), first
        assert hashes and len(hashes) + entry.text.count("# via") == len(more), first


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_everywhere_one_version_of_a_package_is_chosen(system: str, python: str) -> None:
    where = {
        "sys_platform": system,
        "python_version": python,
        "python_full_version": f"{python}.4",
        "platform_machine": "x86_64",
    }
    for groups in ([ENGINE, TORCH, *(set(_PINS.groups) - {ENGINE, BLENDER_TEST})], [BLENDER_TEST]):
        for name, requirements in _locked(*groups).items():
            fitting = {
                str(each.specifier)
                for each in requirements
                if each.marker is None or each.marker.evaluate(where)
            }
            assert len(fitting) <= 1, name


def test_what_packages_ask_for_is_locked_and_installed_so() -> None:
    locked = _locked(ENGINE, TORCH, TEST)
    for name, requirements in locked.items():
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system, or of another build of PyTorch
        version = package.version.partition("+")[0]
        assert any(each.specifier.contains(version) for each in requirements), name
        for needed in map(Requirement, package.requires or ()):
            extra = {"extra": "nodejs" if name == "pyright" else ""}
            if needed.marker is None or needed.marker.evaluate(extra):
                assert canonicalize_name(needed.name) in locked, f"{name} asks for {needed}"


def test_the_libraries_of_one_build_of_pytorch_are_apart() -> None:
    theirs = {name for name in _locked(TORCH) if name.startswith(("nvidia-", "cuda-", "triton"))}
    assert len(theirs) > 10 and theirs | {TORCH} == {*_locked(TORCH)}
    assert not [name for name in _locked(ENGINE) if name.startswith(("nvidia-", "cuda-"))]
    assert {"filelock", "sympy", "networkx", "jinja2", "fsspec"} <= {*_locked(ENGINE)}
    assert all("linux" in str(each.marker) for name in theirs for each in _locked(TORCH)[name])


def test_entries_are_told_apart() -> None:
    text = "# head\na==1 ; x \\\n    --hash=sha256:0\n    # via b, pyproject.toml\nb-c==2\n"
    first, second = parse(text)
    assert (first.name, first.parents) == ("a", {"b", "pyproject.toml"})
    assert first.text == text[7:-7] and (second.name, second.text) == ("b-c", "b-c==2\n")
