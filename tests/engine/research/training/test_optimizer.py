"""AdamW and Muon as one optimiser: what each moves, and that a stopped run goes on the same."""

import pytest
import torch

from ofer_engine.research.training.loop import TrainingPlan, train
from ofer_engine.research.training.optimizer import (
    AdamWithMuon,
    Float32Muon,
    ParameterGroup,
)


class _Stopped(Exception):
    pass


def _network():
    torch.manual_seed(1)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(32, 2)
    )
    return network.to(memory_format=torch.channels_last)


def _groups(network):
    convolution, linear = network[0], network[3]
    return [
        ParameterGroup([convolution.bias, linear.bias, linear.weight]),
        ParameterGroup([convolution.weight], 2.0, matrices=True),
    ]


def _losses(network, stop=None):
    def losses(step, generator):
        if step == stop:
            raise _Stopped
        pictures = torch.randn(16, 3, 4, 4, generator=generator)
        wanted = pictures.mean(dim=(2, 3))[:, :2]
        return {"total": (network(pictures) - wanted).square().mean()}

    return losses


def test_a_convolution_moves_by_an_orthogonal_step_of_adamws_size():
    network = _network()
    convolution = network[0].weight
    before = convolution.detach().clone()
    optimizer = AdamWithMuon(_groups(network), 1e-3, 0.0)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3 * group["scale"]
    _losses(network)(0, torch.Generator().manual_seed(0))["total"].backward()
    optimizer.step()
    moved = (before - convolution.detach()).permute(0, 2, 3, 1).reshape(8, -1)
    lengths = torch.linalg.svdvals(moved)
    assert lengths.min() > 0.4 * lengths.max()  # Newton-Schulz leaves them between 0.5 and 1.5
    assert moved.square().mean().sqrt().item() == pytest.approx(0.2 * 2e-3, rel=0.4)


def test_in_float32_muon_moves_as_torch_s_does():
    generator = torch.Generator().manual_seed(2)
    for shape in ((6, 20), (20, 6)):
        start = torch.randn(shape, generator=generator)
        gradients = [torch.randn(shape, generator=generator) for _ in range(3)]
        moved = []
        for kind in (torch.optim.Muon, Float32Muon):
            weight = torch.nn.Parameter(start.clone())
            optimizer = kind([weight], 0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
            for gradient in gradients:
                weight.grad = gradient.clone()
                optimizer.step()
            moved.append(weight.detach() - start)
            assert optimizer.state_dict()["state"][0].keys() == {"momentum_buffer"}
        # bfloat16 has three digits.
        torch.testing.assert_close(*moved, atol=0.02 * float(moved[0].abs().max()), rtol=0)


def test_no_gradient_is_left_behind():
    network = _network()
    optimizer = AdamWithMuon(_groups(network), 1e-3, 0.0)
    _losses(network)(0, torch.Generator().manual_seed(0))["total"].backward()
    optimizer.zero_grad()
    assert all(p.grad is None for p in network.parameters())


def test_a_stopped_run_ends_with_the_same_bits(tmp_path):
    plan = TrainingPlan(steps=30, rate=0.01, seed=5, warmup=3, average=0.9, every=10)
    whole, parts, resumed = _network(), _network(), _network()
    train(whole, _groups(whole), _losses(whole), plan, tmp_path / "whole")
    with pytest.raises(_Stopped):
        train(parts, _groups(parts), _losses(parts, stop=14), plan, tmp_path / "parts")
    train(resumed, _groups(resumed), _losses(resumed), plan, tmp_path / "parts")
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_learns(tmp_path):
    network = _network()
    losses = _losses(network)
    first = losses(0, torch.Generator().manual_seed(9))["total"].item()
    plan = TrainingPlan(steps=200, rate=0.01, seed=5, warmup=10, every=200)
    train(network, _groups(network), losses, plan, tmp_path)
    assert losses(0, torch.Generator().manual_seed(9))["total"].item() < 0.3 * first


def test_weights_in_another_order_of_memory_are_refused():
    convolution = torch.nn.Conv2d(3, 8, 3)
    with pytest.raises(ValueError, match="channels-last"):
        AdamWithMuon([ParameterGroup([convolution.weight], matrices=True)], 1e-3, 0.0)
