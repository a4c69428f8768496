"""What a person sees while a set-up works."""

from __future__ import annotations

import io

import pytest

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.setup import console as module
from ofer_engine.setup.console import Console


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the console reads, to be set."""
    time = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: time[0])
    monkeypatch.setenv("COLUMNS", "60")
    return time


def _work(console: Console, now: list[float]) -> None:
    console.step(1, 2, "PyTorch")
    now[0] += 75
    console.tick(120_000_000, 192_000_000, "torch")
    console.step(2, 2, "Check")
    now[0] += 1
    console.fail(OferError(ErrorCode.READ_ONLY, "No.", "Do this."))


def test_a_log_gets_a_line_for_each_thing(now: list[float]) -> None:
    stream = io.StringIO()
    _work(Console(stream), now)
    assert stream.getvalue().splitlines() == [
        "[1/2] PyTorch",
        "  [1/2] PyTorch · torch · 120 of 192 MB · 1:15",
        "[2/2] Check",
        "No. Do this.",
    ]


def test_a_terminal_sees_the_running_line_rewritten(now: list[float]) -> None:
    stream = _Terminal()
    _work(Console(stream), now)
    screen = [line.rsplit("\r")[-1].rstrip() for line in stream.getvalue().split("\n")]
    assert screen == ["[1/2] PyTorch · 1:15", "[2/2] Check · 0:01", "No. Do this.", ""]
    assert "\r[1/2] PyTorch · torch · 120 of 192 MB · 1:15" in stream.getvalue()


def test_a_narrow_terminal_is_never_overrun(now: list[float], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = _Terminal()
    _work(Console(stream), now)
    lines = stream.getvalue().replace("\n", "\r").split("\r")
    assert max(map(len, lines)) == 19
