"""The training loop: it learns, and stopping it changes nothing."""

import dataclasses

import pytest
import torch

from ofer_engine.research.training.loop import Precision, TrainingPlan, train
from ofer_engine.research.training.optimizer import ParameterGroup
from ofer_engine.research.training.rates import PlateauPace, Rule, cosine

PLAN = TrainingPlan(steps=40, rate=0.05, seed=3, warmup=5, average=0.9, every=10)


class Stopped(Exception):
    pass


def _run(folder, plan, stop=None, **options):
    model = torch.nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.fill_(0.5)
        model.bias.zero_()
    target = torch.tensor([[1.0, -2.0, 3.0, 0.5]])

    def losses(step, generator):
        if step == stop:
            raise Stopped
        x = torch.randn(32, 4, generator=generator)
        return {"total": (model(x) - x @ target.T).float().square().mean()}

    train(model, [ParameterGroup(list(model.parameters()))], losses, plan, folder, **options)
    return model


@pytest.mark.parametrize(
    "plan",
    [PLAN, dataclasses.replace(PLAN, rule=Rule.PLATEAU, epoch=3, average=0.0, clip=0.0)],
    ids=["cosine", "plateau"],
)
def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path, plan):
    whole = _run(tmp_path / "whole", plan)
    checkpoint = tmp_path / "parts" / "checkpoint.pt"
    with pytest.raises(Stopped):
        _run(tmp_path / "parts", plan, stop=25)
    assert torch.load(checkpoint, weights_only=True)["step"] == 20
    resumed = _run(tmp_path / "parts", plan)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_learns(tmp_path):
    model = _run(tmp_path, dataclasses.replace(PLAN, steps=400, every=400))
    expected = torch.tensor([[1.0, -2.0, 3.0, 0.5]])
    torch.testing.assert_close(model.weight.detach(), expected, atol=0.02, rtol=0)


def test_mixed_precision_learns_with_weights_in_full_precision(tmp_path):
    plan = dataclasses.replace(PLAN, steps=400, every=400, precision=Precision.BFLOAT16)
    model = _run(tmp_path, plan)
    assert model.weight.dtype == torch.float32
    expected = torch.tensor([[1.0, -2.0, 3.0, 0.5]])
    torch.testing.assert_close(model.weight.detach(), expected, atol=0.05, rtol=0)


def test_what_is_frozen_is_neither_moved_nor_averaged(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    groups = [ParameterGroup(list(model[1].parameters()))]

    def losses(_, generator):
        return {"total": model(torch.randn(4, 2, generator=generator)).square().mean()}

    train(model, groups, losses, PLAN, tmp_path)
    assert torch.equal(model[0].weight, before)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["average"].keys() == {"1.weight", "1.bias"}


def test_the_watch_sees_every_tenth_step_and_every_checkpoint(tmp_path):
    seen = []
    plan = dataclasses.replace(PLAN, every=15)
    _run(tmp_path, plan, watch=lambda step, row: seen.append((step, "seconds" in row)))
    assert seen == [(10, False), (15, True), (20, False), (30, True), (40, True)]


def test_the_cosine_rises_then_falls_to_a_hundredth():
    rates = [cosine(step, 1000, 100) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01, rel=1e-3)
    assert max(rates) == pytest.approx(1.0, abs=0.03) and rates.index(max(rates)) == 99
    assert all(a > b for a, b in zip(rates[99:], rates[100:], strict=False))
    assert rates[-1] == pytest.approx(0.01, rel=1e-3)


def test_the_plateau_waits_for_more_than_two_epochs_without_gain():
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = torch.optim.AdamW(
        [{"params": [p], "scale": scale} for p, scale in zip(parameters, (1.0, 0.1), strict=True)]
    )
    pace = PlateauPace(optimizer, 1e-3, 100, epoch=2)
    rates = []
    for _ in range(5):
        for loss in (0.9, 1.1):
            pace.after(torch.tensor(loss))
        rates.append([group["lr"] for group in optimizer.param_groups])
    assert rates[:3] == [[1e-3, 1e-4]] * 3
    assert rates[3] == pytest.approx([0.99e-3, 0.99e-4]) and rates[4] == rates[3]
