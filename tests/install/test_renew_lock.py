"""`install.py lock`, from a package index on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from ofer_engine.setup import provision
from ofer_engine.setup.console import Console
from ofer_engine.setup.home import Home
from ofer_engine.setup.lock import BLENDER_TEST, ENGINE, TORCH, Lock
from ofer_engine.setup.pins import Pins

from .conftest import Index, Project, make_wheel

_CUDA = "; sys_platform == 'linux'"


@pytest.fixture
def index(bare: Project, local_index: Index) -> Index:
    """One with all that the project's pins ask for, and what these ask for."""
    torch = next(bare.shelf.glob("torch-*"))
    body = "__version__ = '1.0'"
    torch.unlink()
    make_wheel(bare.shelf, "torch", "torch", body, requires=["filelock", f"nvidia_cublas{_CUDA}"])
    make_wheel(bare.shelf, "nvidia_cublas", "cublas", "", requires=[f"nvidia_nvrtc{_CUDA}"])
    for name, version in (
        ("nvidia_nvrtc", "1.0"),
        ("filelock", "1.0"),
        ("scikit_image", "1.0"),
        ("bpy", "1.0"),
        ("bpy", "4.2.1"),
    ):
        make_wheel(bare.shelf, name, name, f"NAME = {name!r}\n", version=version)
    for wheel in list(bare.shelf.glob("*.whl")):
        local_index.take(wheel)
    return local_index


def _versions(project: Project, group: str) -> list[str]:
    entries = Lock(project.root / "requirements").entries(group)
    return [entry.text.split(" ")[0] for entry in entries]


def test_all_that_packages_ask_for_is_locked(bare: Project, index: Index) -> None:
    answer = bare.install("lock", **index.variables)
    assert answer.code == 0, answer.out
    small = ["filelock==1.0", "numpy==1.0", "pillow==1.0", "safetensors==1.0"]
    assert _versions(bare, ENGINE) == small
    assert _versions(bare, TORCH) == ["nvidia-cublas==1.0", "nvidia-nvrtc==1.0", "torch==1.0"]
    assert _versions(bare, "test") == ["scikit-image==1.0"]
    text = "".join(file.read_text() for file in (bare.root / "requirements").iterdir())
    assert "://" not in text and str(bare.home) not in text and "/tmp" not in text


def test_it_stays_as_it_is_until_an_upgrade_is_asked_for(bare: Project, index: Index) -> None:
    bare.install("lock", **index.variables)
    index.take(make_wheel(bare.shelf, "filelock", "filelock", "", version="2.0"))
    assert bare.install("lock", **index.variables).code == 0
    assert "filelock==1.0" in _versions(bare, ENGINE)
    assert bare.install("lock", "--upgrade", **index.variables).code == 0
    assert "filelock==2.0" in _versions(bare, ENGINE)


def test_pins_that_cannot_be_had_leave_the_lock_as_it_was(bare: Project, index: Index) -> None:
    before = {file: file.read_text() for file in (bare.root / "requirements").iterdir()}
    pins = bare.root / "pyproject.toml"
    pins.write_text(pins.read_text().replace("pillow==1.0", "pillow==9.0"))
    answer = bare.install("lock", **index.variables)
    assert answer.code == 1 and "no ready-made build of pillow==9.0" in answer.last
    assert {file: file.read_text() for file in (bare.root / "requirements").iterdir()} == before


def test_another_blender_is_resolved_on_the_spot(
    bare: Project, index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in bare.environment(**index.variables).items():
        monkeypatch.setenv(name, value)
    home = Home(tmp_path / "home")
    contents = provision.blender_module(home, Pins.read(bare.root), "4.2.1")
    assert contents.group == BLENDER_TEST and not contents.installed
    assert provision.provide(home, contents, Console())
    assert contents.environment.version("bpy") == "4.2.1"
    assert contents.environment.version("numpy") == "1.0"
    assert not provision.provide(home, contents, Console())
