"""`install.py setup`: made once, cheap afterwards, whole again after any interruption."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ofer_engine.client import launch
from ofer_engine.contract.errors import OferError
from ofer_engine.setup.home import Home

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


def _lose_uv(project: Project) -> None:
    shutil.rmtree(project.home / "tools")


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
        _lose_uv,
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


@pytest.mark.parametrize("stopped", [False, True])
def test_pytorch_is_installed_again_where_a_stop_left_it_half_there(
    project: Project, stopped: bool
) -> None:
    (project.home / "engine" / "ofer-ready.json").unlink()
    begun = project.home / "engine" / "ofer-torch.begun"
    if stopped:
        begun.touch()
    answer = project.install("setup")
    assert answer.code == 0 and not begun.exists()
    assert ("the build on this disk" in answer.out) is stopped


def test_a_lost_python_is_noticed_under_a_valid_stamp(project: Project) -> None:
    project.python.unlink()
    assert project.install("setup").last.startswith("The engine is set up:")
    assert project.works()


@pytest.fixture
def stalled(project: Project) -> Iterator[dict[str, str]]:
    """Variables of a package index whose numpy 2.0, newly locked, never comes to its end."""
    wheel = _lock_newer_numpy(project)
    wheel.rename(project.root / wheel.name)
    _Stalling.begun.clear()
    _Stalling.over.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stalling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": address}
        _Stalling.over.set()
        server.shutdown()


class _Stalling(http.server.BaseHTTPRequestHandler):
    begun, over = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        wheel = "numpy-2.0-py3-none-any.whl"
        page = f"<a href='/{wheel}'>{wheel}</a>".encode() if self.path == "/numpy/" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page) or 1_000_000))
        self.end_headers()
        self.wfile.write(page or b"PK")
        if not page:
            self.begun.set()
            self.over.wait(60)

    def log_message(self, format: str, *args: object) -> None:
        """The test's own output stays readable."""


def test_killed_at_work_it_goes_on_the_next_time(project: Project, stalled) -> None:
    process = _start(project, stalled)
    assert _Stalling.begun.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not launch.engine_ready(project.home) and project.python.exists()
    next(project.root.glob("*.whl")).rename(project.shelf / "numpy-2.0-py3-none-any.whl")
    assert project.install("setup").code == 0
    assert launch.engine_ready(project.home)
    assert "NEWER" in (project.site_packages / "numpy" / "__init__.py").read_text()
    assert project.works()


@pytest.mark.parametrize("step", range(1, 6))
def test_killed_at_the_beginning_of_any_step_it_is_made_whole(bare: Project, step: int) -> None:
    """Everything of it is killed as soon as the step is announced: what is there by then does not
    count as an engine, unless it is one."""
    process = _start(bare, {})
    assert process.stdout
    texts: list[str] = []
    while len(texts) < step:
        text = json.loads(process.stdout.readline())["text"]
        name = str(text).partition(",")[0]  # PyTorch's step gets its build's name later
        texts += [name] if name not in texts else []
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not launch.engine_ready(bare.home) or (step == 5 and bare.works())
    answer = bare.install("setup")
    assert answer.code == 0, answer.out
    assert launch.engine_ready(bare.home) and bare.works()
    assert bare.install("setup").last.endswith("Nothing to do.")


def test_while_what_a_killed_set_up_started_is_at_work_no_other_begins(
    project: Project, stalled
) -> None:
    """Killed alone, as by a system without memory, it leaves uv behind, which goes on writing."""
    process = _start(project, stalled)
    assert _Stalling.begun.wait(60)
    process.kill()
    process.wait()
    refused = project.install("setup")
    assert refused.code == 1
    assert refused.last.startswith(f"Another set-up is at work in {project.home}.")
    assert not launch.engine_ready(project.home)
    os.killpg(process.pid, signal.SIGKILL)
    next(project.root.glob("*.whl")).rename(project.shelf / "numpy-2.0-py3-none-any.whl")
    _until_free(project.home)
    assert project.install("setup").code == 0
    assert launch.engine_ready(project.home) and project.works()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_how_to_go_on_and_leaves_nothing_running(
    project: Project, stalled, number: signal.Signals
) -> None:
    process = _start(project, stalled)
    assert _Stalling.begun.wait(60)
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
    (project.home / "engine" / "ofer-ready.json").unlink()
    with Home(project.home).locked(0):
        second = project.install("setup")
    assert second.code == 1
    assert second.last == (
        f"Another set-up is at work in {project.home}. Wait until it ends, then run this again."
    )
    assert project.install("setup").code == 0


def test_a_changed_lock_is_brought_in(project: Project) -> None:
    _lock_newer_numpy(project)
    assert project.install("setup").code == 0
    assert "NEWER" in (project.site_packages / "numpy" / "__init__.py").read_text()


def test_what_the_lock_does_not_know_is_refused(project: Project) -> None:
    _lock_newer_numpy(project)
    make_wheel(project.shelf, "numpy", "numpy", "OTHER = True\n", version="2.0")
    answer = project.install("setup")
    assert answer.code == 1
    assert answer.last.startswith("Something else arrived in place of a package, and was thrown")
    assert "OTHER" not in (project.site_packages / "numpy" / "__init__.py").read_text()


def test_rebuild_starts_anew(project: Project) -> None:
    stray = project.site_packages / "stray.py"
    stray.write_text("")
    assert project.install("setup", "--rebuild").code == 0
    assert not stray.exists() and project.works()


def _times(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def _until_free(home: Path) -> None:
    """Wait until the system has let go of a dead set-up's lock."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OferError), Home(home).locked(0):
            return
        time.sleep(0.05)
    raise AssertionError("the lock is still held")


def _lock_newer_numpy(project: Project) -> Path:
    """The wheel that the lock asks for from now on."""
    wheel = make_wheel(project.shelf, "numpy", "numpy", "NEWER = True\n", version="2.0")
    project.lock_engine()
    return wheel


def _start(project: Project, source: dict[str, str]) -> subprocess.Popen[str]:
    """A set-up in a process group of its own."""
    return subprocess.Popen(
        project.command("setup", "--progress", "json", "--home", str(project.home)),
        stdout=subprocess.PIPE,
        text=True,
        env=project.environment(**source),
        start_new_session=True,
    )
