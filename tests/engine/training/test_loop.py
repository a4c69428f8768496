"""The training loop: it learns, and stopping it changes nothing."""

import dataclasses

import pytest
import torch

from ofer_engine.training.loop import Group, Plan, learning_rate, train

PLAN = Plan(steps=40, rate=0.05, seed=3, warmup=5, average=0.9, every=10)


def _run(folder, plan):
    model = torch.nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.fill_(0.5)
        model.bias.zero_()
    target = torch.tensor([[1.0, -2.0, 3.0, 0.5]])

    def losses(_, generator):
        x = torch.randn(32, 4, generator=generator)
        return {"total": (model(x) - x @ target.T).square().mean()}

    train(model, [Group(list(model.parameters()))], losses, plan, folder)
    return model


def test_a_run_that_was_stopped_ends_with_the_same_bits(tmp_path, monkeypatch):
    whole = _run(tmp_path / "whole", PLAN)
    checkpoint = tmp_path / "parts" / "checkpoint.pt"

    class Stopped(Exception):
        pass

    def stop_at_25(plan, step):
        if step == 25:
            raise Stopped
        return learning_rate(plan, step)

    with monkeypatch.context() as patch:
        patch.setattr("ofer_engine.training.loop.learning_rate", stop_at_25)
        with pytest.raises(Stopped):
            _run(tmp_path / "parts", PLAN)
    assert torch.load(checkpoint, weights_only=True)["step"] == 20
    resumed = _run(tmp_path / "parts", PLAN)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_learns(tmp_path):
    model = _run(tmp_path, dataclasses.replace(PLAN, steps=400))
    expected = torch.tensor([[1.0, -2.0, 3.0, 0.5]])
    torch.testing.assert_close(model.weight.detach(), expected, atol=0.02, rtol=0)


def test_the_rate_rises_then_falls_to_a_hundredth():
    plan = Plan(steps=1000, rate=1.0, warmup=100)
    rates = [learning_rate(plan, step) for step in range(plan.steps)]
    assert rates[0] == pytest.approx(0.01, rel=1e-3)
    assert max(rates) == pytest.approx(1.0, abs=0.03) and rates.index(max(rates)) == 99
    assert all(a > b for a, b in zip(rates[99:], rates[100:], strict=False))
    assert rates[-1] == pytest.approx(0.01, rel=1e-3)
