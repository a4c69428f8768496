"""The doctor tells everything but who and where you are."""

from __future__ import annotations

import getpass
import os
import platform
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ofer_engine.client.launch import HOME_VARIABLE
from ofer_engine.setup import doctor
from ofer_engine.setup.doctor import Diagnosis
from ofer_engine.setup.home import Home
from ofer_engine.setup.pins import Pins

from .conftest import ROOT, Project


@pytest.fixture
def jane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/janedoe")
    monkeypatch.setattr(getpass, "getuser", lambda: "janedoe")
    monkeypatch.setattr(platform, "node", lambda: "janes-laptop")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/janedoe/.local/share/ofer-faces", "~/.local/share/ofer-faces"),
        ("in /home/janedoe.", "in ~."),
        ("/home/janedoe2/x", "/home/<user>/x"),
        ("/Users/ann/photos", "/Users/<user>/photos"),
        (r"C:\Users\ann\AppData", r"C:\Users\<user>\AppData"),
        ("/mnt/janedoe/ofer on janes-laptop", "/mnt/<user>/ofer on <machine>"),
        ("from https://me:secret@mirror/simple now", "from <address> now"),
        ("Python 3.11.7, PyTorch 2.13.0+cpu", "Python 3.11.7, PyTorch 2.13.0+cpu"),
    ],
)
def test_private_parts_are_masked(jane: None, text: str, shown: str) -> None:
    assert doctor.masked(text) == shown


def test_a_bare_machine_hears_what_is_missing_and_how_to_get_it(bare: Project) -> None:
    home = bare.root.parent / "users" / "janedoe"
    home.mkdir(parents=True)
    private = Project(bare.root, home / "ofer", bare.shelf)
    answer = private.install("doctor", HOME=str(home), USER="janedoe", LOGNAME="janedoe")
    assert answer.code == 1
    assert "janedoe" not in answer.out and str(home) not in answer.out
    lines = answer.out.splitlines()
    found = lines.index("missing  engine          not set up at ~/ofer/engine")
    assert lines[found + 1].strip() == "-> python3 install.py setup"
    assert any(line.startswith("missing  pack open ") for line in lines)
    assert lines[-1] == "Something is missing."
    assert not private.home.exists()


def test_the_log_of_a_failed_setup_is_shown_without_addresses(bare: Project) -> None:
    source = {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/x"}
    assert bare.install("setup", **source).code == 1
    answer = bare.install("doctor")
    assert "missing  engine          partly set up at" in answer.out
    assert "End of the last set-up's log:" in answer.out
    assert "127.0.0.1" not in answer.out


def test_only_what_is_needed_makes_a_machine_unable() -> None:
    absent = Diagnosis("Blender", "none found", fix="install it")
    missing = Diagnosis("engine", "not set up", fix="set it up", needed=True)
    assert doctor.can_run([Diagnosis("a", "there"), absent])
    assert not doctor.can_run([absent, missing])
    assert (absent.mark, missing.mark) == ("absent", "missing")


def test_one_damaged_pack_is_named_beside_those_that_are_ready() -> None:
    code = "import sys; print('open 0.3: ready'); sys.exit('broken: pack.json is damaged.')"
    home = SimpleNamespace(
        engine_call=lambda root, words: [sys.executable, "-c", code], process_environment=None
    )
    found = doctor._packs(home, ROOT)
    assert found.text == "open 0.3: ready; broken: pack.json is damaged." and found.fix
    assert doctor.can_run([found])


def test_this_very_machine_is_able() -> None:
    """The home that `install.py test` has set up for these tests."""
    if HOME_VARIABLE not in os.environ:
        pytest.skip("not started by install.py test")
    home = Home(Path(os.environ[HOME_VARIABLE]))
    findings = doctor.diagnose(home, Pins.read(ROOT), ROOT)
    assert doctor.can_run(findings), doctor.report(findings, Pins.read(ROOT), home)
    assert {"engine", "packs", "pack open"} <= {each.name for each in findings if not each.fix}
