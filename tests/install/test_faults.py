"""Every failure of a set-up is one sentence with the next step, and nothing else."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.setup import interpreters
from ofer_engine.setup.console import Console
from ofer_engine.setup.environment import Environment
from ofer_engine.setup.home import Home
from ofer_engine.setup.lock import Lock
from ofer_engine.setup.runner import Runner, failure
from ofer_engine.setup.uv import Uv

from .conftest import BASE, ROOT, Project, lock_wheels, make_wheel

_UNREACHABLE = "http://127.0.0.1:9/simple"  # the discard port: refused at once
_UNKNOWN = "https://no-such-host.invalid/simple"  # a name that no server may ever have (RFC 2606)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 MB, from memory."""
    yield from _mounted(tmp_path / "small", "size=64m")


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system that takes no writes, not even root's."""
    yield from _mounted(tmp_path / "frozen", "size=1m,ro")


def _mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_wrong_python_is_told_in_one_sentence_with_the_ones_to_install(tmp_path: Path) -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 18, 'final', 0); "
        f"sys.argv = ['install.py', 'run']; runpy.run_path({str(ROOT / 'install.py')!r}, "
        "run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        env={"PATH": "", "HOME": str(tmp_path)},
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "needs a 64-bit Python 3.11, 3.12 or 3.13 and this is 3.9" in done.stderr


@pytest.mark.parametrize("file", ["install.py", "ofer_engine/setup/interpreters.py"])
def test_old_pythons_can_read_what_must_tell_them(file: str) -> None:
    ast.parse((ROOT / file).read_text("utf-8"), feature_version=(3, 9))


def test_another_python_of_this_machine_is_used_where_the_running_one_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = sys.version_info[:2]
    (tmp_path / f"python{interpreters.name(version)}").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert interpreters.find([version]) == [str(tmp_path / f"python{interpreters.name(version)}")]
    assert interpreters.find([(3, 8)]) is None


@pytest.mark.parametrize("index", [_UNREACHABLE, _UNKNOWN])
def test_no_network(bare: Project, index: str) -> None:
    answer = bare.install("setup", PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL=index)
    assert answer.code == 1
    assert answer.last == (
        "The package index could not be reached. Check the internet connection (or the proxy that "
        "pip uses) and run this again: it goes on where it stopped."
    )


def test_no_build_for_this_machine(bare: Project) -> None:
    (bare.shelf / "safetensors-1.0-py3-none-any.whl").unlink()
    answer = bare.install("setup")
    assert answer.code == 1
    assert answer.last.startswith("There is no ready-made build of safetensors==1.0 for this")


def test_too_little_space_is_told_before_anything_is_written(
    bare: Project, small_disk: Path
) -> None:
    home = small_disk / "home"
    done = subprocess.run(
        bare.command("setup", "--home", str(home)),
        capture_output=True,
        text=True,
        env=bare.environment(),
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{home} has 0.1 GB free and about 0.3 GB are needed. Free some space, or choose another "
        "place with --home DIR, and run this again."
    ]


def test_space_that_runs_out_midway(bare: Project, small_disk: Path, monkeypatch) -> None:
    uv, environment = _uv(bare, small_disk, monkeypatch)
    make_wheel(bare.shelf, "large", "large", f"DATA = {'x' * 10_000_000!r}\n")
    lock_wheels(bare.root, bare.shelf, "large", "large")
    free = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(bytes(free - 5_000_000))
    with pytest.raises(OferError) as caught:
        uv.install(environment, "-r", str(bare.root / "requirements" / "large.txt"))
    assert caught.value.code is ErrorCode.DISK_FULL
    assert str(caught.value).startswith(f"There was no space left while filling {small_disk}")


def test_read_only_home(bare: Project, read_only_disk: Path) -> None:
    answer = _in_home(bare, read_only_disk / "home")
    assert answer.returncode == 1
    assert answer.stdout.splitlines() == [
        f"{read_only_disk / 'home'} cannot be written to (Read-only file system). "
        "Choose another place with --home DIR and run this again."
    ]


def test_home_where_no_folder_can_be(bare: Project) -> None:
    answer = _in_home(bare, bare.root / "install.py" / "home")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[0].endswith(
        "cannot be written to (Not a directory). Choose another place with --home DIR and run "
        "this again."
    )


def test_python_without_pip_gets_that_of_ensurepip(bare: Project, monkeypatch) -> None:
    base = _without_pip(bare.root / "base")
    uv, environment = _uv(bare, bare.home, monkeypatch, base)
    assert uv.pip[0] == str(Home(bare.home).tools.python)
    uv.install(environment, "-r", str(bare.root / "requirements" / "engine.txt"))
    assert environment.ask("import numpy").returncode == 0


def test_python_without_any_pip_says_what_to_install(bare: Project, monkeypatch) -> None:
    base = _without_pip(bare.root / "base")
    create = Environment.create
    monkeypatch.setattr(Environment, "create", lambda *given: _lose_ensurepip(create, *given))
    with pytest.raises(OferError, match="has neither ensurepip nor pip. Install them"):
        _uv(bare, bare.home, monkeypatch, base)


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        ("ERROR: [Errno 28] No space left on device", ErrorCode.DISK_FULL, "no space left"),
        ("ERROR: Read timed out.", ErrorCode.ENGINE_MISSING, "could not be reached"),
        ("error: dns error", ErrorCode.ENGINE_MISSING, "could not be reached"),
        ("[Errno 13] Permission denied: 'x'", ErrorCode.READ_ONLY, "cannot be written to"),
        ("ERROR: No matching distribution found for a==1", ErrorCode.ENGINE_MISSING, "build of a"),
        ("line\nsomething odd\n\n", ErrorCode.ENGINE_MISSING, "(something odd)"),
        ("", ErrorCode.ENGINE_MISSING, "(it said nothing)"),
    ],
)
def test_what_installers_say_becomes_a_cause(output: str, code: ErrorCode, message: str) -> None:
    error = failure(output, Path("folder"), Path("log"))
    assert error.code is code
    assert message in error.message
    assert error.hint.endswith(".")


def _in_home(project: Project, home: Path) -> subprocess.CompletedProcess[str]:
    command = project.command("setup", "--home", str(home))
    return subprocess.run(command, capture_output=True, text=True, env=project.environment())


def _uv(
    project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch, base: Path = BASE
) -> tuple[Uv, Environment]:
    """uv as a set-up into `folder` brings it in, and an empty environment for it to fill."""
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)
    home = Home(folder)
    runner = Runner(home.engine.folder, project.root / "log", Console())
    home.engine.create([str(base)])
    lock = Lock(project.root / "requirements")
    return Uv.bring(home.tools, lock, [str(base)], runner), home.engine


def _without_pip(folder: Path) -> Path:
    """A Python that has no pip of its own, as Blender's has none."""
    environment = Environment(folder)
    environment.create([str(BASE)])
    return environment.python


def _lose_ensurepip(create, environment: Environment, base: list[str]) -> None:
    """Make an environment whose Python lacks it, as Debian's does without python3-venv."""
    create(environment, base)
    block = "import sys; sys.modules['ensurepip'] = None\n"
    (environment.site_packages / "no_ensurepip.pth").write_text(block)
