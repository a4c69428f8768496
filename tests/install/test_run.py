"""What was mistyped is told before anything is fetched or computed."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from ofer_engine.contract.errors import OferError
from ofer_engine.contract.files.sidecar import note_results
from ofer_engine.setup import machine, portrait, run_photo
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


def _put_in_the_way(folder: Path, name: str, kind: str) -> None:
    """A link to a file beside the folder, a pipe, or a file, under a name that ours might be."""
    folder.mkdir(exist_ok=True)
    if kind == "link":
        (folder.parent / "thesis.txt").write_text("thesis")
        (folder / name).symlink_to(folder.parent / "thesis.txt")
    elif kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).write_text("mine")


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
@pytest.mark.parametrize("kind", ["link", "pipe", "file"])
@pytest.mark.parametrize("name", [".ofer-probe", ".ofer-", "probe", ".lock"])
def test_looking_whether_a_folder_can_be_written_touches_nothing_in_it(
    tmp_path: Path, name: str, kind: str
) -> None:
    folder = tmp_path / "folder"
    _put_in_the_way(folder, name, kind)
    before = os.lstat(folder / name)
    machine.prepare_folder(folder, 0)
    refused = pytest.raises(OferError, match="Another set-up")
    with refused if name == ".lock" and kind != "file" else contextlib.nullcontext():
        with Home(folder).locked(0):
            pass
    after = os.lstat(folder / name)
    assert (before.st_ino, before.st_size, before.st_mtime) == (
        after.st_ino, after.st_size, after.st_mtime
    )  # fmt: skip
    assert kind != "link" or (tmp_path / "thesis.txt").read_text() == "thesis"
    assert {each.name for each in folder.iterdir()} == {name, ".lock"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def console(said: list[str]) -> Console:
    class Heard(Console):
        def say(self, text: str) -> None:
            said.append(text)

    return Heard(io.StringIO())


def test_whatever_has_the_name_of_the_results_stays(
    tmp_path, console: Console, said: list[str]
) -> None:
    run = run_photo.PhotoRun((tmp_path / "front.jpg",), tmp_path)

    def name(run: run_photo.PhotoRun) -> str:
        with run_photo._named(run, run.photos[0], console) as found:
            return found

    assert name(run) == "front" and not said
    for ending in (".blend", ".glb", ".glb.json", ".ofer", "_sheet.png"):
        (tmp_path / f"front{ending}").write_text("work")
        for overwrite in (False, True):
            assert name(replace(run, overwrite=overwrite)) == "front_02"
            assert said.pop() == "front is there already and stays as it is: this is front_02."
        (tmp_path / f"front{ending}").unlink()
    assert list(tmp_path.iterdir()) == []


def test_overwrite_replaces_what_a_run_made_and_nothing_else(tmp_path, console: Console) -> None:
    run = run_photo.PhotoRun((tmp_path / "front.jpg",), tmp_path, overwrite=True)
    made = [tmp_path / f"front{ending}" for ending in (".blend", ".glb", "_sheet.png")]
    record, sidecar = tmp_path / "front.ofer" / "reconstruction.json", tmp_path / "front.glb.json"

    def named_after(change: Callable[[], object]) -> str:
        """A run's results with one change: what the next run is called."""
        record.parent.mkdir(exist_ok=True)
        record.write_text("{}")
        for each in made:
            each.unlink(missing_ok=True)
            each.write_bytes(b"as made")
        sidecar.write_text('{"made_with": "OFER Faces, Blender 5.0"}')
        note_results(sidecar, made)
        change()
        with run_photo._named(run, run.photos[0], console) as found:
            return found

    assert named_after(lambda: None) == "front"
    assert named_after(made[0].unlink) == "front"
    for each in made:
        assert named_after(lambda file=each: file.write_bytes(b"worked on")) == "front_02"
        assert named_after(lambda file=each: os.truncate(file, 1 << 42)) == "front_02"  # at once
    assert named_after(lambda: sidecar.write_text('{"mine": 1}')) == "front_02"
    assert named_after(record.unlink) == "front_02"


def test_two_runs_at_once_never_take_each_other_s_name(
    tmp_path, console: Console, said: list[str]
) -> None:
    run = run_photo.PhotoRun((tmp_path / "front.jpg",), tmp_path)
    photo = run.photos[0]
    with run_photo._named(run, photo, console) as first:
        with run_photo._named(run, photo, console) as second:
            assert (first, second) == ("front", "front_02")
            (tmp_path / "front_02.ofer").mkdir()
        assert said == ["front is there already and stays as it is: this is front_02."]
        with pytest.raises(OferError, match="Another run is making front"):
            with run_photo._named(replace(run, overwrite=True), photo, console):
                pass
    assert [each.name for each in tmp_path.iterdir()] == ["front_02.ofer"]


def test_a_run_that_fails_or_was_killed_keeps_no_name(tmp_path, console: Console) -> None:
    run = run_photo.PhotoRun((tmp_path / "front.jpg",), tmp_path)
    (tmp_path / ".front.run").touch()
    for _ in range(2):
        with pytest.raises(KeyError):
            with run_photo._named(run, run.photos[0], console) as name:
                assert name == "front"
                raise KeyError
        assert list(tmp_path.iterdir()) == []


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
    os.mkfifo(out / portrait.FILE_NAME)  # which is not waited for
    (out / "astronaut_02.png").write_text("mine")
    console = Console(io.StringIO())
    for _ in range(2):
        fetched = portrait.fetch(home, Pins.read(ROOT), out, console)
        assert fetched.read_bytes() == kept.read_bytes()
    assert (out / "astronaut_02.png").read_text() == "mine"
