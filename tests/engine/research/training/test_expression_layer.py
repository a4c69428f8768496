"""The conditioner's last layer of expressions, fitted again while everything else stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ofer_engine.heads.open_head import OpenHead
from ofer_engine.packs.byte_weights import as_weights
from ofer_engine.research.evaluation.conditioner_alone import read_conditioner
from ofer_engine.research.training.bent_portraits import BentPortraits
from ofer_engine.research.training.expression_layer import (
    features_of,
    refitted,
    with_expressions,
    with_layer,
)
from ofer_engine.research.training.photo_set import PhotoSet

_PACK = Path(__file__).parents[4] / "weights" / "open"
_HEAD = OpenHead.load(_PACK / "head.npz")


@pytest.fixture(scope="module")
def rows() -> torch.Tensor:
    return torch.randn(400, 5, generator=torch.Generator().manual_seed(0))


def test_a_unit_that_means_something_else_now_is_learnt(rows):
    layer = torch.tensor([[1.0, 0, 0, 0, 0, 0.2], [0, 1.0, 0, 0, 0, 0]])
    truth = torch.stack([0.5 * rows[:, 0] - 0.1, rows[:, 1]], dim=1)
    found = refitted(layer, rows, truth, torch.ones_like(truth), staying=1e-6)
    expected = torch.tensor([[0.5, 0, 0, 0, 0, -0.1], [0, 1.0, 0, 0, 0, 0]]).double()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_what_nobody_knows_stays(rows):
    layer = torch.randn(2, 6)
    sureness = torch.zeros(400, 2)
    sureness[:, 0] = 1
    found = refitted(layer, rows, torch.zeros(400, 2), sureness)
    assert torch.equal(found[1], layer[1].double())
    assert not torch.allclose(found[0], layer[0].double(), atol=0.1)


def test_each_row_counts_as_far_as_it_is_sure(rows):
    """Half the rows say 0 and half say 1: the bias goes to where the surer half is."""
    truth = torch.cat([torch.zeros(200, 1), torch.ones(200, 1)])
    sureness = torch.cat([torch.ones(200, 1), torch.full((200, 1), 0.25)])
    found = refitted(torch.zeros(1, 6), 0 * rows, truth, sureness)
    assert found[0, -1].item() == pytest.approx(0.2, abs=1e-3)


def test_a_layer_that_has_to_stay_hardly_moves_but_for_its_bias(rows):
    layer = torch.zeros(1, 6)
    found = refitted(layer, rows, rows[:, :1] + 0.5, torch.ones(400, 1), staying=1e6)
    assert found[0, :-1].abs().max() < 1e-3
    assert found[0, -1].item() == pytest.approx(0.5, abs=0.2)


@pytest.fixture(scope="module")
def network():
    return read_conditioner(_PACK / "conditioner.safetensors", _HEAD)


def test_features_are_those_that_the_layer_takes(network):
    crops = torch.rand(3, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    features = features_of(network, lambda some: crops[some], np.arange(3))
    with torch.inference_mode():
        read = network(crops).expression
        torch.testing.assert_close(network.expression_head(features), read, atol=1e-4, rtol=1e-4)
    assert not network.expression_head._forward_hooks


def test_portraits_count_as_far_as_their_teacher_is_trusted(network):
    """Renders and portraits say the same, but for one unit that only portraits know otherwise."""
    rng = np.random.default_rng(2)
    pictures = rng.integers(0, 256, (6, 128, 128, 3), np.uint8)
    crops = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        read = network(crops).expression
    points = torch.zeros(6, len(_HEAD.point_vertices), 2)
    known = {
        name: torch.zeros(6, 1) for name in ("contour", "irises", "rotation", "distance", "person")
    }
    renders = PhotoSet(
        images=(pictures,), points=points, visible=points[..., 0] > 0, identity=torch.zeros(6, 1),
        expression=read, mm_per_pixel=torch.zeros(6), **known,
    )  # fmt: skip
    said, trust = read.clone(), torch.ones(52)
    said[:, 7:9] += 1
    trust[8] = 0
    bent = BentPortraits(pictures, points, torch.zeros(6, 1), np.arange(6), said, trust)
    layer = with_expressions(network, [renders], bent, 6)
    before = torch.cat(
        [network.expression_head.weight, network.expression_head.bias[:, None]], dim=1
    ).detach()
    moved = (layer - before.double()).abs().amax(dim=1)
    assert moved[7] > 0.1
    assert moved[[n for n in range(52) if n != 7]].max() < 1e-3


def test_nothing_else_of_a_file_changes():
    stored = load_file(_PACK / "conditioner.safetensors")
    layer = torch.rand(52, 513, generator=torch.Generator().manual_seed(3)).double()
    found = with_layer(stored, layer)
    assert found.keys() == stored.keys()
    changed = {name for name in stored if not torch.equal(found[name], stored[name])}
    assert changed == {f"expression_head.{each}" for each in ("weight", "weight.scale", "bias")}
    read = as_weights(found)
    torch.testing.assert_close(
        read["expression_head.weight"], layer[:, :-1].float(), atol=5e-3, rtol=0
    )
    torch.testing.assert_close(
        read["expression_head.bias"], layer[:, -1].float(), atol=1e-3, rtol=0
    )
