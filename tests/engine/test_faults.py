"""Faults that an engine survives: memory that runs out, a device that is not there."""

from pathlib import Path

import pytest
import torch

from ofer_engine.contract import protocol
from ofer_engine.handlers import table
from ofer_engine.progress import Pace, Work
from ofer_engine.session import Session


def test_memory_of_the_device_runs_out_midway(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = Session("cpu", None, None)
    session.device = torch.device("meta")  # stands for a GPU that this machine has not
    seen = []

    def answer(session: Session, request: protocol.Express, work: Work) -> protocol.Result:
        seen.append(str(session.device))
        if len(seen) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return protocol.Result(request.id, "done", session.notes)

    monkeypatch.setitem(table.ANSWERS, protocol.Express, answer)
    request = protocol.Express(1, "", "", (), ())
    result = table.answer(session, request, Work(1, seen.append, lambda: False, Pace()))
    assert seen == ["meta", "cpu"] and isinstance(result, protocol.Result)
    assert result.notes == ("The device meta ran out of memory; the processor was used instead.",)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has that device")
def test_a_device_without_a_driver_gives_way_to_the_cpu() -> None:
    session = Session("cuda", None, None)
    assert session.device.type == "cpu"
    assert (
        "'cuda' is not available" in session.notes[0] and "processor was used" in session.notes[0]
    )
