"""Memory that really runs out, by a limit of the system: smaller parts first, then a sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.batch_sizes import LARGE, SMALL
from ofer_engine.client.launch import engine_command, engine_environment
from ofer_engine.contract import protocol
from ofer_engine.contract.causes import as_ofer_error, lacks_memory
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.handlers import table
from ofer_engine.progress import Pace, Work
from ofer_engine.session import Session
from tests.engine.child_engine import ROOT, request_of

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc of Linux")

_STARTS = """
import os, resource, sys
limit = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


def megabytes(pid):
    """Of address space that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize() >> 20


@pytest.mark.parametrize("limit", [420, 720])
def test_a_command_under_a_limit_ends_whole_or_in_a_sentence(portrait, tmp_path, limit):
    out = tmp_path / "out"
    wish = ["reconstruct", str(portrait), "--out", str(out), "--threads", "1"]
    wish += ["--identities", "4", "--keep", "1", "--steps", "1", "--expressions", "0"]
    command = engine_command(Path(sys.executable), ROOT, ["--home", str(tmp_path / "h"), *wish])
    done = subprocess.run(
        [sys.executable, "-c", _STARTS, str(limit), *command],
        env=engine_environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("ofer: The engine ran out of memory. Close other programs")
    assert not out.exists() or not list(out.iterdir())


def test_memory_that_runs_out_midway_is_told_and_survived(engine, portrait, tmp_path):
    """The engine is told no where it asks for more; with the limit gone it goes on."""
    tiny = {"identities": 2, "keep": 1, "steps": 1, "expressions": 0}
    small = request_of(portrait, tmp_path / "out", **tiny)
    assert isinstance(engine.answer(small), protocol.Result)
    pid = engine.process.pid
    unlimited = resource.prlimit(pid, resource.RLIMIT_AS)
    large = request_of(portrait, tmp_path / "large", **tiny | {"identities": 1000, "keep": 1000})
    limit = megabytes(pid) + 30 << 20
    resource.prlimit(pid, resource.RLIMIT_AS, (limit, unlimited[1]))
    refused = engine.answer(large)
    assert isinstance(refused, protocol.Failure), refused
    assert refused.code == ErrorCode.OUT_OF_MEMORY and refused.hint
    assert not list((tmp_path / "large").glob("*"))
    resource.prlimit(pid, resource.RLIMIT_AS, unlimited)
    again = engine.answer(small)
    assert isinstance(again, protocol.Result)
    assert "Memory was short: the work was done in small parts." in again.notes


def test_small_parts_succeed_where_large_ones_do_not(monkeypatch):
    """The memory is the system's; only the answer that asks for it is made up."""
    asked = []

    def answer(session, request, work):
        asked.append(session.batch_sizes.rows)
        np.ones(session.batch_sizes.rows * 5_000_000, np.uint8)
        return protocol.Result(request.id, "done", session.notes)

    monkeypatch.setitem(table.ANSWERS, protocol.Express, answer)
    session, unlimited = Session("cpu", None, 1), resource.getrlimit(resource.RLIMIT_AS)
    limit = megabytes("self") + 300 << 20
    request = protocol.Express(1, "", "", (), ())
    resource.setrlimit(resource.RLIMIT_AS, (limit, unlimited[1]))
    try:
        result = table.answer(session, request, Work(1, print, lambda: False, Pace()))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
    assert asked == [LARGE.rows, SMALL.rows] and isinstance(result, protocol.Result)
    assert result.notes == ("Memory was short: the work was done in small parts.",)


@pytest.mark.parametrize(
    "cause",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate"
            " memory: you tried to allocate 40000000000 bytes. Error code 12"
        ),
        RuntimeError("can't start new thread"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        SystemError("error return without exception set"),
        SystemError("<built-in function exec> returned NULL without setting an exception"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_every_library_s_lack_of_memory_is_known(cause):
    assert as_ofer_error(cause).code is ErrorCode.OUT_OF_MEMORY
    wrapped = OferError(ErrorCode.WEIGHTS_DAMAGED, "It is damaged.")
    wrapped.__cause__ = cause
    assert lacks_memory(wrapped) and as_ofer_error(wrapped).code is ErrorCode.OUT_OF_MEMORY


def test_other_faults_are_not_taken_for_it():
    for cause in (SystemError("bad argument to internal function"), RuntimeError("without cause")):
        assert as_ofer_error(cause).code is ErrorCode.INTERNAL


def test_torch_s_own_lack_of_memory_is_known():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 55)
    assert as_ofer_error(caught.value).code is ErrorCode.OUT_OF_MEMORY
