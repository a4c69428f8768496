"""The engine starts cut off from whoever starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ofer_engine.client import launch
from ofer_engine.setup.environment import Environment

_TELL = """
import json, os, sys
print(json.dumps({
    "path": sys.path, "argv": sys.argv[1:], "name": __name__, "isolated": sys.flags.isolated,
    "utf8": sys.flags.utf8_mode, "environment": dict(os.environ), "text": sys.stdout.encoding,
}))
"""


@pytest.fixture
def told(tmp_path: Path) -> dict:
    """What an engine says of itself that a hostile caller has started."""
    root, elsewhere = tmp_path / "a root", tmp_path / "elsewhere"
    package = root / "ofer_engine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(_TELL)
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise SystemExit('took the json of the working folder')")
    hostile = {
        "PYTHONPATH": str(elsewhere),
        "PYTHONHOME": str(elsewhere),
        "PYTHONSTARTUP": "x",
        "PATH": "/bin",
        "KEPT": "yes",
        "OMP_NUM_THREADS": "3",
    }
    done = subprocess.run(
        launch.engine_command(Path(sys.executable), root, ["reconstruct", "a photo ü.png"]),
        cwd=elsewhere,
        env=launch.engine_environment(hostile),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "root": str(root), "elsewhere": str(elsewhere)}


def test_runs_the_package_of_the_root_with_the_arguments(told: dict) -> None:
    assert told["path"][0] == told["root"]
    assert told["name"] == "__main__"
    assert told["argv"] == ["reconstruct", "a photo ü.png"]


def test_nothing_of_the_caller_gets_in(told: dict) -> None:
    assert told["isolated"] == 1
    assert told["elsewhere"] not in told["path"] and "" not in told["path"]
    assert not [name for name in told["environment"] if name.startswith("PYTHON")]


def test_streams_are_utf8(told: dict) -> None:
    assert (told["utf8"], told["text"]) == (1, "utf-8")


def test_variables_of_the_user_win(told: dict) -> None:
    environment = told["environment"]
    assert (environment["KEPT"], environment["OMP_NUM_THREADS"]) == ("yes", "3")
    assert environment["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_threads_wait_passively_and_numpy_takes_one_where_nobody_said() -> None:
    environment = launch.engine_environment({})
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert launch.engine_environment({"OMP_WAIT_POLICY": "ACTIVE"})["OMP_WAIT_POLICY"] == "ACTIVE"


def test_home_is_the_variable_or_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(launch.HOME_VARIABLE, raising=False)
    assert launch.default_home() == tmp_path / "data" / "ofer-faces"
    monkeypatch.setenv(launch.HOME_VARIABLE, str(tmp_path / "mine"))
    assert launch.default_home() == tmp_path / "mine"


@pytest.mark.parametrize(
    ("platform", "inside"), [("linux", "bin/python"), ("win32", "Scripts/python.exe")]
)
def test_engine_python_is_in_its_own_environment(platform, inside, monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert launch.engine_python(Path("home")) == Path("home/engine") / inside


def test_a_python_that_does_not_answer_has_failed() -> None:
    answer = Environment(Path(sys.prefix)).ask("import time; time.sleep(30)", timeout=0.5)
    assert answer.returncode != 0 and "no answer within" in answer.stderr
