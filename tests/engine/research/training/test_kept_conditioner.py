"""A conditioner kept small is nearly the same one, and its frozen trunk exactly."""

from __future__ import annotations

import torch
from safetensors.torch import load_file
from torch import nn

from ofer_engine.packs.byte_weights import as_weights
from ofer_engine.research.training.kept_conditioner import keep


def _network() -> nn.Sequential:
    torch.manual_seed(3)
    frozen, norm = nn.Conv2d(8, 64, 3), nn.BatchNorm2d(64)
    frozen.weight.data.copy_(frozen.weight.half())
    frozen.requires_grad_(False)
    assert norm.running_mean is not None
    norm.running_mean.normal_()
    return nn.Sequential(frozen, norm, nn.Conv2d(64, 96, 3), nn.Linear(90, 60))


def test_every_matrix_is_kept_to_a_step_and_what_is_frozen_is_not_rounded(tmp_path):
    network = _network()
    keep(network, tmp_path / "kept.safetensors")
    read = as_weights(load_file(tmp_path / "kept.safetensors"))
    state = network.state_dict()
    assert read.keys() == state.keys()
    for name in ("2.weight", "3.weight"):
        away = (state[name] - read[name]).abs()
        assert 0 < away.max() <= 0.51 * state[name].abs().max() / 127
    assert torch.equal(read["0.weight"], state["0.weight"])
    assert torch.equal(read["1.running_mean"], state["1.running_mean"])
    network.load_state_dict(read)


def test_it_takes_little_more_than_a_byte_a_weight(tmp_path):
    network = nn.Linear(1000, 500)
    keep(network, tmp_path / "kept.safetensors")
    assert (tmp_path / "kept.safetensors").stat().st_size < 1.08 * 500 * 1000
