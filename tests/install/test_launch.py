"""The engine starts cut off from whoever starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ofer_engine.client import launch
from ofer_engine.setup.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
_TELL = """
import json, os, sys
print(json.dumps({
    "path": sys.path, "argv": sys.argv[1:], "name": __name__, "isolated": sys.flags.isolated,
    "utf8": sys.flags.utf8_mode, "environment": dict(os.environ), "text": sys.stdout.encoding,
}))
"""


@pytest.fixture
def report(tmp_path: Path) -> dict:
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


def test_runs_the_package_of_the_root_with_the_arguments(report: dict) -> None:
    assert report["path"][0] == report["root"]
    assert report["name"] == "__main__"
    assert report["argv"] == ["reconstruct", "a photo ü.png"]


def test_nothing_of_the_caller_gets_in(report: dict) -> None:
    assert report["isolated"] == 1
    assert report["elsewhere"] not in report["path"] and "" not in report["path"]
    assert not [name for name in report["environment"] if name.startswith("PYTHON")]


def test_streams_are_utf8(report: dict) -> None:
    assert (report["utf8"], report["text"]) == (1, "utf-8")


def test_variables_of_the_user_win(report: dict) -> None:
    environment = report["environment"]
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


@pytest.mark.parametrize("said", ["data", "./data", "../data"])
@pytest.mark.parametrize(
    ("platform", "variable"), [("linux", "XDG_DATA_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_a_data_folder_depends_on_no_working_folder(platform, variable, said, monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv(launch.HOME_VARIABLE, raising=False)
    monkeypatch.setenv(variable, said)
    assert launch.default_home().is_relative_to(Path.home())


@pytest.mark.parametrize("command", [["install.py", "doctor"], ["-m", "ofer_engine", "packs"]])
def test_a_data_folder_of_nobody_is_a_sentence(command: list[str]) -> None:
    """As an option and as the variable, for both programs."""
    options = ["--home", "~no_such_user/x"]
    first = (
        [*command, *options] if command[0] == "install.py" else [*command[:2], *options, "packs"]
    )
    for line, environment in ((first, {}), (command, {launch.HOME_VARIABLE: "~no_such_user/x"})):
        done = subprocess.run(
            [sys.executable, *line], cwd=ROOT, env=os.environ | environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1 and "Traceback" not in done.stderr + done.stdout
        assert "The data folder is not known" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("platform", "inside"), [("linux", "bin/python"), ("win32", "Scripts/python.exe")]
)
def test_engine_python_is_in_its_own_environment(platform, inside, monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert launch.engine_python(Path("home")) == Path("home/engine") / inside


def test_a_python_that_does_not_answer_has_failed() -> None:
    answer = Environment(Path(sys.prefix)).ask("import time; time.sleep(30)", timeout=0.5)
    assert answer.returncode != 0 and "no answer within" in answer.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix closes the outputs")
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
@pytest.mark.parametrize(
    "command", ["-m ofer_engine --home {home} packs list", "install.py doctor --home {home}"]
)
def test_nobody_need_listen(tmp_path: Path, closed: str, command: str) -> None:
    """A service may start a program without outputs. It ends as it does when it is heard."""
    line = f'"{sys.executable}" {command.format(home=tmp_path / "home")}'
    heard = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, check=False)
    alone = subprocess.run(
        ["sh", "-c", f"{line} {closed}"], cwd=ROOT, capture_output=True, check=False
    )
    assert alone.returncode == heard.returncode and b"Traceback" not in alone.stderr
    assert not (tmp_path / "home" / "engine-error.log").exists()
