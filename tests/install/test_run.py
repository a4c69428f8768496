"""What was mistyped is told before anything is fetched or computed."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from ofer_engine.client.launch import engine_command
from ofer_engine.contract.errors import OferError
from ofer_engine.contract.files.sidecar import note_results
from ofer_engine.setup import commands, machine, portrait, run_options, run_photo
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


def _parsed(*arguments: str) -> argparse.Namespace:
    return commands._parser().parse_args(["run", *arguments])


@pytest.mark.parametrize("between", [["--seed", "3"], ["--seed=3"], ["--see", "3"]])
def test_values_of_the_engine_s_options_are_no_photos(between: list[str]) -> None:
    for typed in ([*between, "a.jpg"], ["a.jpg", *between]):
        found = _parsed("--age", "-1", *typed, "--face", "2:1", "--out", "x")
        assert found.photos == [Path("a.jpg")]
        assert found.passed_on == ["--age=-1", "--seed=3", "--face=2:1"]


def test_run_hands_on_every_option_that_the_engine_has() -> None:
    from ofer_engine.commands import reconstruct

    parser = argparse.ArgumentParser()
    reconstruct.add(parser.add_subparsers())
    engine = next(iter(parser._subparsers._group_actions[0].choices.values()))
    theirs = {each.option_strings[0]: each for each in engine._actions if each.option_strings}
    own = {"-h", "--out", "--name", "--overwrite", "--list-faces"}
    assert set(theirs) - own == set(run_options.TO_THE_ENGINE)
    assert all(theirs[name].nargs is None for name in run_options.TO_THE_ENGINE)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What a run would have started."""
    lines: list[list[str]] = []

    def started(command: list[str], *_: object) -> int:
        lines.append(command)
        return 0

    monkeypatch.setattr(run_photo, "run_to_end", started)
    monkeypatch.setattr(run_photo.provision, "provide", lambda *_: False)
    return lines


def test_listing_faces_makes_no_head_and_no_folder(tmp_path, called, console: Console) -> None:
    (tmp_path / "a.jpg").touch()
    out = tmp_path / "new" / "out"
    run = run_photo.PhotoRun((tmp_path / "a.jpg",), out, list_faces=True, options=("--seed=3",))
    home = Home(tmp_path / "home")
    assert run_photo.run_photo(run, home, Pins.read(ROOT), ROOT, console) == 0
    [command] = called
    wish = ["reconstruct", str(tmp_path / "a.jpg"), "--out", str(out), "--list-faces", "--seed=3"]
    assert command[-len(wish) :] == wish and not out.parent.exists()
    assert _parsed("a.jpg", "--list").list_faces


@pytest.mark.parametrize("name", ["-x", "--overwrite", "-1"])
def test_a_name_may_begin_with_a_dash(tmp_path, called, console: Console, name: str) -> None:
    from ofer_engine.commands import reconstruct

    photo = tmp_path / f"{name}.jpg"
    photo.touch()
    for wished in (None, name):
        run = run_photo.PhotoRun((photo,), tmp_path, name=wished)
        with run_photo._named(run, photo, console) as found:
            run_photo._reconstruct(run.photos, found, run, Home(tmp_path / "home"), ROOT)
        parser = argparse.ArgumentParser()
        reconstruct.add(parser.add_subparsers())
        understood = parser.parse_args(called[-1][called[-1].index("reconstruct") :])
        assert (understood.name, understood.photos) == (name, [photo])
    assert _parsed("--", "-x.jpg").photos == [Path("-x.jpg")]
    assert _parsed("--name=-x").name == "-x"


_TAKES_BACK = """
import pathlib, signal, sys, time
def stop(*_):
    time.sleep(1)
    pathlib.Path(sys.argv[1]).write_text("taken back")
    sys.exit(3)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(sys.argv[1]).write_text("begun")
time.sleep(600)
"""
_STARTS_IT = """
import os, sys
from ofer_engine.client import stopping
from ofer_engine.setup.runner import run_to_end
stopping.listen("Stopped.")
try:
    with stopping.working():
        run_to_end([sys.executable, "-c", *sys.argv[1:]], os.environ)
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("group", [True, False])
def test_what_a_stopped_command_started_takes_back_its_work(
    tmp_path: Path, how: signal.Signals, group: bool
) -> None:
    mark = tmp_path / "mark"
    command = [sys.executable, "-c", _STARTS_IT, _TAKES_BACK, str(mark)]
    with subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not (mark.is_file() and mark.read_text()):
            assert process.poll() is None
            time.sleep(0.02)
        alone = how is signal.SIGHUP or not group
        (os.kill if alone else os.killpg)(process.pid, how)
        assert process.communicate(timeout=60) == (b"stopped\n", b"")
    assert mark.read_text() == "taken back"


def test_a_run_that_fails_leaves_no_empty_folder(bare: Project, tmp_path: Path) -> None:
    for out in ("made", "made/below"):
        answer = bare.install("run", str(ROOT / "install.py"), "--out", str(tmp_path / out),
                              "--blender", "/no/blender")  # fmt: skip
        assert answer.code == 1 and not (tmp_path / "made").exists()
    run_photo._check(run_photo.PhotoRun((), tmp_path / "made" / "below"))
    assert not (tmp_path / "made").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no folder in use can be deleted there")
@pytest.mark.parametrize("command", [["run", "a.jpg"], ["doctor"], ["run", "a.jpg", "--out", "/x"]])
def test_a_folder_that_is_gone_is_named_as_the_cause(bare: Project, tmp_path, command) -> None:
    gone = tmp_path / "gone"
    for line in (
        bare.command(*command, "--home", str(bare.home)),
        engine_command(Path(sys.executable), ROOT, ["--home", str(bare.home), "packs", "list"]),
    ):
        gone.mkdir()
        done = subprocess.run(
            ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone), *line],
            capture_output=True, text=True, check=False, env=bare.environment(),
        )  # fmt: skip
        assert done.returncode == 1
        assert (done.stdout + done.stderr).removeprefix("ofer: ") == (
            "The folder in which this was started is not there any more. Change to another folder, "
            "and run this again.\n"
        )


@pytest.mark.parametrize("command", ["translations", "lock", "docs"])
def test_a_project_that_may_only_be_read_is_named(
    tmp_path, monkeypatch, capsys, command: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    assert commands.main(ROOT, [command, "--home", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(str(ROOT)) and said.endswith(
        "cannot be written to (Read-only file system). Copy the project to a folder that takes it, "
        "and run this there.\n"
    )
