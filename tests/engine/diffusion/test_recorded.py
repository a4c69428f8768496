"""Replayed calls give what plain calls give; CUDA's own recording needs a GPU to be tried."""

import pytest
import torch

from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.recorded import Recorded


def recording(log):
    """As a graph does: the work is done again in the same memory, whatever the caller passes."""

    def record(work):
        log.append("recorded")
        result = work()
        return lambda: result.copy_(work()), result

    return record


def test_replays_answer_as_plain_calls_and_keep_earlier_answers():
    log: list[str] = []

    def work(x, part):
        log.append("called")
        return x * 2 + part

    replayed = Recorded(work, recording(log))
    rows = [torch.arange(4.0) + i for i in range(3)]
    answers = [replayed(x, torch.ones(4)) for x in rows]
    for x, answer in zip(rows, answers, strict=True):
        torch.testing.assert_close(answer, x * 2 + 1, rtol=0, atol=0)
    assert log.count("recorded") == 1
    torch.testing.assert_close(replayed(torch.ones(6), torch.zeros(6)), torch.full((6,), 2.0))
    assert log.count("recorded") == 2


def test_what_cannot_be_recorded_is_called():
    def refuse(_):
        raise RuntimeError("no graphs here")

    replayed = Recorded(lambda x, part: x - part, refuse)
    for _ in range(2):
        torch.testing.assert_close(replayed(torch.ones(2), torch.ones(2)), torch.zeros(2))


def test_running_out_of_memory_is_told():
    def full(_):
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError):
        Recorded(lambda x, part: x, full)(torch.ones(1), torch.ones(1))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_graph_draws_what_plain_calls_draw():
    torch.manual_seed(0)
    network = Denoiser(DenoiserShape(53, 64, (53, 25, 10)))
    context, x = torch.randn(1, 64), torch.randn(9, 53)
    plain = FoldedDenoiser(network).condition(context)
    expected = [plain(x, timestep) for timestep in (999, 500, 0)]
    replayed = FoldedDenoiser(network.cuda()).condition(context.cuda())
    for timestep, noise in zip((999, 500, 0), expected, strict=True):
        torch.testing.assert_close(replayed(x.cuda(), timestep).cpu(), noise, rtol=1e-4, atol=1e-4)
