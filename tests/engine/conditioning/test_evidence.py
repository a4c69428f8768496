"""The conditioner's looks: a closer one reads where the one before saw the points."""

import pytest
import torch

from ofer_engine.conditioning.closer_look import at_points
from ofer_engine.conditioning.detail_trunk import CELLS, DetailTrunk
from ofer_engine.conditioning.evidence import CROP, EvidenceNetwork

POINTS = 30


@pytest.fixture(scope="module")
def network() -> EvidenceNetwork:
    torch.manual_seed(4)
    network = EvidenceNetwork(POINTS, 6, 10, 5, 3).eval()
    network.prepare(
        torch.rand(2 * POINTS) * CROP, torch.randn_like(network.point_modes), torch.ones(POINTS)
    )
    return network


@pytest.fixture(scope="module")
def crops() -> torch.Tensor:
    return torch.rand(2, 3, CROP, CROP, generator=torch.Generator().manual_seed(1))


def _train(network: EvidenceNetwork, deviation: float) -> None:
    """As if the further looks had learnt something, or nothing."""
    for look in network.looks:
        torch.nn.init.normal_(look.read.weight, std=deviation)


@torch.inference_mode()
def test_the_trunk_gives_its_maps_on_the_way(crops):
    last, maps = DetailTrunk().eval()(crops)
    assert last.shape == (2, DetailTrunk.channels, CELLS, CELLS)
    assert [m.shape[2:] for m in maps] == [(32, 32), (16, 16)]
    assert sum(m.shape[1] for m in maps) == DetailTrunk.map_channels


def test_a_map_is_read_at_the_points_own_pixels():
    centres = (torch.arange(16) + 0.5) * (CROP / 16)
    ramp = torch.stack(torch.meshgrid(centres, centres, indexing="xy"))[None]
    points = torch.tensor([[[20.0, 100.0], [64.0, 64.0], [71.5, 8.25]]])
    torch.testing.assert_close(at_points([ramp], points, CROP), points)


@torch.inference_mode()
def test_an_untrained_closer_look_changes_nothing(network, crops):
    first, *others = network.rounds(crops)
    assert len(others) == 2
    for other in others:
        torch.testing.assert_close(other.points, first.points)


@torch.inference_mode()
def test_what_is_read_is_the_last_look(network, crops):
    _train(network, 0.05)
    rounds, answer = network.rounds(crops), network(crops)
    _train(network, 0.0)
    assert torch.equal(answer.points, rounds[-1].points)
    assert not torch.equal(rounds[1].points, rounds[0].points)
    assert not torch.equal(rounds[2].points, rounds[1].points)


def test_later_looks_do_not_teach_the_earlier_where_the_points_are(network, crops):
    _train(network, 0.05)
    first, second, _ = network.train().rounds(crops)
    (moved,) = torch.autograd.grad(second.points.sum(), first.points, allow_unused=True)
    network.eval()
    _train(network, 0.0)
    assert moved is None


@torch.inference_mode()
def test_a_network_for_sharper_crops_looks_once_more_and_there_alone():
    torch.manual_seed(5)
    network = EvidenceNetwork(POINTS, 6, 10, 5, 3, side=192).eval()
    network.prepare(
        torch.rand(2 * POINTS) * CROP, torch.randn_like(network.point_modes), torch.ones(POINTS)
    )
    _train(network, 0.3)
    sharp = torch.rand(2, 3, 192, 192, generator=torch.Generator().manual_seed(2))
    fine = torch.zeros_like(sharp)
    fine[:, :, ::3], fine[:, :, 1::3] = (
        0.2,
        -0.2,
    )  # stripes that three pixels in two leave nearly out
    before, after = network.rounds(sharp), network.rounds(sharp + fine)
    assert len(before) == 4
    moved = [(a.identity - b.identity).abs().max() for a, b in zip(after, before, strict=True)]
    assert moved[-1] > 4 * moved[0]
    assert network(sharp[:, :, ::2, ::2]).points.shape == (2, POINTS, 2), "any side is taken"


@torch.inference_mode()
def test_weights_without_a_sharper_look_go_on_as_they_were(network, crops):
    torch.manual_seed(6)
    wider = EvidenceNetwork(POINTS, 6, 10, 5, 3, side=192).eval()
    lacking = wider.load_state_dict(network.state_dict(), strict=False).missing_keys
    assert {name.split(".")[0] for name in lacking} == {"fine", "looks"}
    torch.testing.assert_close(wider(crops).identity, network(crops).identity)
