"""A signal ends a command in one line, whenever it comes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.child_engine import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")

_ENGINE = "runpy.run_module('ofer_engine', run_name='__main__', alter_sys=True)"
_INSTALLER = "runpy.run_path('install.py', run_name='__main__')"
_AT_AN_IMPORT = """
import os, runpy, signal, sys

class Stops:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{how})

sys.meta_path.insert(0, Stops())
sys.path.insert(0, os.getcwd())
sys.argv[1:] = {arguments!r}
{program}
"""


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    "module",
    ["numpy", "numpy._core._multiarray_umath", "ofer_engine.commands", "ofer_engine.research",
     "ofer_engine.session", "torch", "PIL.Image"],
)  # fmt: skip
def test_the_engine_is_stopped_while_it_loads(tmp_path: Path, module: str, how: str) -> None:
    arguments = ["--home", str(tmp_path), "reconstruct", "x.jpg", "--out", str(tmp_path / "out")]
    stop = {"module": module, "how": how, "arguments": arguments}
    done = _run(_AT_AN_IMPORT.format(program=_ENGINE, **stop))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "ofer: stopped.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    "module", ["ofer_engine.setup.commands", "ofer_engine.setup.provision", "argparse"]
)
def test_the_installer_is_stopped_while_it_loads(tmp_path: Path, module: str, how: str) -> None:
    arguments = ["doctor", "--home", str(tmp_path)]
    stop = {"module": module, "how": how, "arguments": arguments}
    done = _run(_AT_AN_IMPORT.format(program=_INSTALLER, **stop))
    line = "Stopped. Run the same command again: it goes on where it stopped.\n"
    assert (done.returncode, done.stdout + done.stderr) == (130, line)


def test_a_second_signal_does_not_cut_off_what_the_first_takes_back() -> None:
    done = _run(
        f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from ofer_engine.client import stopping
stopping.listen("stopped")
try:
    with stopping.working():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(os.getpid(), number)
            print("taken back", flush=True)
except KeyboardInterrupt:
    os.kill(os.getpid(), signal.SIGTERM)
    print("said", stopping.was_asked())
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "taken back\nsaid True\n", "")


def test_who_started_it_may_want_signals_ignored() -> None:
    """As `nohup` does, and a shell for what runs in its background."""
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from ofer_engine.client import stopping
stopping.listen("stopped")
os.kill(os.getpid(), signal.SIGINT)
print("went on")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert done.stdout == "went on\n"
