"""What an engine process decides for itself when nobody says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ofer_engine import device
from ofer_engine.session import Session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_open_pack_takes_one_thread_and_the_users_number_wins() -> None:
    torch.set_num_threads(2)
    session = Session("cpu", None, None)
    session.reconstructor("open")
    assert session.threads == torch.get_num_threads() == 1
    session = Session("cpu", None, 2)
    session.reconstructor("open")
    assert session.threads == torch.get_num_threads() == 2


def test_usable_cores_are_within_reason() -> None:
    assert 1 <= device.usable_cores() <= 8


def test_the_command_line_waits_passively_when_started_by_hand(tmp_path: Path) -> None:
    ask = (
        "import os, sys; sys.argv = ['ofer', 'packs', 'list']\n"
        "from ofer_engine.__main__ import main\n"
        "assert 'torch' not in sys.modules\n"
        "main(); print(os.environ['OMP_WAIT_POLICY'], os.environ['OMP_NUM_THREADS'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=ROOT,
        env={"PATH": "", "OFER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1:] == ["PASSIVE 1"], done.stderr
