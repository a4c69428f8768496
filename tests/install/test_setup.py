"""`install.py setup`: made once, cheap afterwards, whole again after any interruption."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import Project, make_wheel


def test_sets_up_and_says_what_and_where(bare: Project) -> None:
    answer = bare.install("setup")
    assert answer.code == 0
    assert answer.last == f"The engine is set up: PyTorch 1.0 on CPU in {bare.home / 'engine'}."
    assert [line for line in answer.out.splitlines() if line.startswith("[5/5]")] == ["[5/5] Check"]
    assert bare.works()


def test_second_run_does_no_work_and_says_so_within_two_seconds(project: Project) -> None:
    before = _times(project.home)
    answer = project.install("setup", PIP_NO_INDEX="0", PIP_FIND_LINKS="/nonexistent")
    assert answer.code == 0
    assert answer.last.endswith("Nothing to do.")
    assert answer.seconds < 2
    assert _times(project.home) == before


def test_progress_as_json_for_the_add_on(bare: Project) -> None:
    answer = bare.install("setup", "--progress", "json")
    *working, last = [json.loads(line) for line in answer.out.splitlines()]
    fractions = [message["fraction"] for message in working]
    assert all(set(message) == {"text", "fraction"} for message in working)
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] < 1
    assert last["done"] is True and set(last) == {"done", "text"}


def _lose_a_file(project: Project) -> None:
    (project.site_packages / "numpy" / "__init__.py").unlink()


def _cut_a_file(project: Project) -> None:
    (project.site_packages / "torch" / "__init__.py").write_text("__ver")


def _lose_the_list_of_files(project: Project) -> None:
    (project.site_packages / "pillow-1.0.dist-info" / "RECORD").unlink()


def _lose_pip(project: Project) -> None:
    shutil.rmtree(project.site_packages / "pip" / "_internal")


def _lose_python(project: Project) -> None:
    project.python.unlink()


def _lose_everything_but_the_folder(project: Project) -> None:
    shutil.rmtree(project.home / "engine")
    (project.home / "engine").mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        _lose_a_file,
        _cut_a_file,
        _lose_the_list_of_files,
        _lose_pip,
        _lose_python,
        _lose_everything_but_the_folder,
    ],
)
def test_what_an_interruption_leaves_is_repaired(project: Project, damage) -> None:
    (project.home / "engine" / "ofer-ready.json").unlink()
    damage(project)
    answer = project.install("setup")
    assert answer.code == 0, answer.out
    assert project.works()
    assert project.install("setup").last.endswith("Nothing to do.")


def test_a_lost_python_is_noticed_under_a_valid_stamp(project: Project) -> None:
    project.python.unlink()
    assert project.install("setup").last.startswith("The engine is set up:")
    assert project.works()


def test_killed_while_a_package_is_unpacked_it_goes_on(project: Project) -> None:
    _add_pin(project, "bulky==1.0")
    make_wheel(project.shelf, "bulky", "bulky", "DATA = '" + "x" * 200_000_000 + "'\n")
    unpacked = project.site_packages / "bulky" / "__init__.py"
    process = _start(project)
    _wait_for(lambda: unpacked.exists() or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (project.home / "engine" / "ofer-ready.json").exists()
    assert project.install("setup").code == 0
    assert unpacked.stat().st_size == 200_000_000 + len("DATA = ''\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_how_to_go_on_and_leaves_nothing_running(project, number) -> None:
    _add_pin(project, "bulky==1.0")
    make_wheel(project.shelf, "bulky", "bulky", "DATA = '" + "x" * 200_000_000 + "'\n")
    process = _start(project, "--progress", "json")
    _wait_for(lambda: (project.site_packages / "bulky").exists() or process.poll() is not None)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1]) == {
        "error": "Stopped.",
        "hint": "Run the same command again: it goes on where it stopped.",
        "code": "cancelled",
    }
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_two_at_once_are_refused_until_the_first_is_gone(project: Project) -> None:
    _add_pin(project, "bulky==1.0")
    make_wheel(project.shelf, "bulky", "bulky", "DATA = '" + "x" * 200_000_000 + "'\n")
    first = _start(project)
    _wait_for(lambda: "installing" in _log(project) or "Processing" in _log(project))
    second = project.install("setup")
    assert second.code == 1
    assert second.last.startswith(f"Another set-up is at work in {project.home}.")
    assert first.wait(60) == 0


def test_a_changed_pin_is_brought_in(project: Project) -> None:
    make_wheel(project.shelf, "numpy", "numpy", "NEWER = True\n", version="2.0")
    pins = project.root / "pyproject.toml"
    pins.write_text(pins.read_text().replace("numpy==1.0", "numpy==2.0"))
    assert project.install("setup").code == 0
    assert "NEWER" in (project.site_packages / "numpy" / "__init__.py").read_text()


def test_rebuild_starts_anew(project: Project) -> None:
    stray = project.site_packages / "stray.py"
    stray.write_text("")
    assert project.install("setup", "--rebuild").code == 0
    assert not stray.exists() and project.works()


def _times(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def _add_pin(project: Project, pin: str) -> None:
    pins = project.root / "pyproject.toml"
    pins.write_text(pins.read_text().replace('"numpy==1.0"', f'"numpy==1.0", "{pin}"'))


def _log(project: Project) -> str:
    log = project.home / "setup.log"
    return log.read_text() if log.exists() else ""


def _start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        project.command("setup", *arguments, "--home", str(project.home)),
        stdout=subprocess.PIPE,
        text=True,
        env=project.environment(),
        start_new_session=True,
    )


def _wait_for(happened, seconds: float = 60) -> None:
    """Return once `happened()`; looks 200 times a second."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
