"""What was mistyped is told before anything is fetched or computed."""

from __future__ import annotations

import io
from dataclasses import replace
from importlib import resources

import pytest

from ofer_engine.setup import portrait, run_photo
from ofer_engine.setup.console import Console
from ofer_engine.setup.home import Home
from ofer_engine.setup.pins import Pins

from .conftest import ROOT, Project


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run", "install.py", "nobody.jpg", "--seed", "3"],
            "nobody.jpg. Check its name and folder, and run this again.",
        ),
        (["run", "--out", "install.py"], "Choose another place with --out DIR and run this again."),
        (["run", "--out", "/proc/no/such"], "Choose another place with --out DIR and run this"),
        (["run", "--blender", "/no/blender"], "No Blender 4.2 or newer was found at /no/blender."),
        (["setup", "--torch", "cu1"], "There is no build of PyTorch called 'cu1'. Give --torch"),
    ],
)
def test_a_mistake_is_told_at_once(
    bare: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(bare.root)
    answer = bare.install(*arguments)
    assert answer.code == 1 and said in answer.last
    assert "Traceback" not in answer.out
    assert not (bare.home / "engine" / "lib").exists() or arguments[0] == "setup"


def test_whatever_has_the_name_of_the_results_stays(tmp_path) -> None:
    said: list[str] = []
    console = Console(io.StringIO())
    console.say = said.append
    run = run_photo.PhotoRun((tmp_path / "front.jpg",), tmp_path)
    assert run_photo._name(run, run.photos[0], console) == "front" and not said
    for ending in (".blend", ".glb", ".ofer", "_sheet.png"):
        (tmp_path / f"front{ending}").write_text("work")
        assert run_photo._name(run, run.photos[0], console) == "front_02"
        assert said.pop() == "front is there already and stays as it is: this is front_02."
        wanted = replace(run, overwrite=True)
        assert run_photo._name(wanted, run.photos[0], console) == "front" and not said
        (tmp_path / f"front{ending}").unlink()


def test_the_name_of_the_results_is_no_path(bare: Project, monkeypatch) -> None:
    monkeypatch.chdir(bare.root)
    answer = bare.install("run", "install.py", "--name", "../../x")
    assert answer.code == 1 and "'../../x' cannot be the name of the results." in answer.last


def test_another_file_named_as_the_portrait_stays(tmp_path) -> None:
    kept = tmp_path / "home" / "portrait" / portrait.FILE_NAME
    kept.parent.mkdir(parents=True)
    kept.write_bytes((resources.files("skimage.data") / portrait.FILE_NAME).read_bytes())
    home, out = Home(tmp_path / "home"), tmp_path / "out"
    out.mkdir()
    (out / portrait.FILE_NAME).write_text("mine")
    console = Console(io.StringIO())
    for _ in range(2):
        fetched = portrait.fetch(home, Pins.read(ROOT), out, console)
        assert fetched.read_bytes() == kept.read_bytes()
    assert (out / portrait.FILE_NAME).read_text() == "mine"
