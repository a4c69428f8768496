"""Which Blender is used: told from programs that answer `--version` as Blender does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ofer_engine.contract.errors import OferError
from ofer_engine.setup import blender, interpreters


def _program(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    program = folder / "blender"
    program.write_text(f"#!/bin/sh\necho 'Color management: loaded'\necho '{version}'\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder on a machine without any Blender."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(blender, "_LINUX", ())
    monkeypatch.setenv("PATH", f"{tmp_path / 'on-path'}:/usr/bin:/bin")
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def test_none_found_says_what_to_do(machine: Path) -> None:
    assert blender.find_all() == ()
    with pytest.raises(OferError) as caught:
        blender.required()
    assert str(caught.value) == (
        "No Blender 4.2 or newer was found. Install Blender, or name its program with "
        "--blender PATH."
    )


def test_path_comes_first_then_the_newest(machine: Path) -> None:
    _program(machine / "blender-5.0.1", "Blender 5.0.1")
    _program(machine / "blender-4.5", "Blender 4.5.3 LTS")
    assert blender.required().version == (5, 0, 1)
    on_path = _program(machine / "on-path", "Blender 4.2.0 LTS")
    assert blender.required() == blender.Blender(on_path, (4, 2, 0))
    assert [each.version for each in blender.find_all()] == [(4, 2, 0), (5, 0, 1), (4, 5, 3)]


def test_an_old_one_on_path_gives_way(machine: Path) -> None:
    _program(machine / "on-path", "Blender 3.4.1")
    with pytest.raises(OferError, match=r"found \(only Blender 3.4.1\)"):
        blender.required()
    newer = _program(machine / "blender-4.2", "Blender 4.2.3 LTS")
    assert blender.required().program == newer


def test_the_one_named_is_used_or_refused(machine: Path) -> None:
    _program(machine / "on-path", "Blender 5.0.1")
    named = _program(machine / "elsewhere", "Blender 4.5.0 LTS")
    assert blender.required(named).program == named
    with pytest.raises(OferError, match="found at /bin/true"):
        blender.required(Path("/bin/true"))


@pytest.mark.parametrize(
    ("version", "pythons"),
    [("4.2.23", ((3, 11),)), ("5.0.1", ((3, 11),)), ("5.1.0", ((3, 13),)), ("5.2.3", ((3, 13),))],
)
def test_each_blender_module_has_its_python(version: str, pythons) -> None:
    assert interpreters.bpy_pythons(version) == pythons
