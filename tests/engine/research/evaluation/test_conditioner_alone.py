"""A conditioner measured by itself reads as it does in its pack."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ofer_engine.conditioning.mirror import Mirror
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_pack import read_open_pack
from ofer_engine.research.evaluation.conditioner_alone import (
    people_figures,
    read_conditioner,
    read_identities,
)
from ofer_engine.research.training.kept_conditioner import keep

_PACK = BUNDLED / "open"


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(_PACK / "head.npz")


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), np.uint8)


def test_identities_are_those_that_the_pack_reads(head, crops):
    found = read_identities(
        read_conditioner(_PACK / "conditioner.safetensors", head), Mirror.of(head), crops
    )
    pack = read_open_pack(_PACK, torch.device("cpu"))
    with torch.inference_mode():
        read = pack.read(torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255)
    np.testing.assert_allclose(found, read.identity.numpy(), atol=1e-4)


def test_one_that_was_kept_small_reads_nearly_the_same(head, crops, tmp_path):
    network = read_conditioner(_PACK / "conditioner.safetensors", head)
    network.trunk.freeze(len(network.trunk.stages))
    keep(network, tmp_path / "kept.safetensors")
    again = read_conditioner(tmp_path / "kept.safetensors", head)
    first, kept = (read_identities(one, Mirror.of(head), crops) for one in (network, again))
    assert np.abs(first - kept).max() < 0.15
    assert (tmp_path / "kept.safetensors").stat().st_size < 16_000_000


def test_people_who_are_read_alike_twice_are_told_apart(head):
    identities = np.random.default_rng(1).standard_normal((12, len(head.identity)))
    figures = people_figures(head, identities, identities.copy())
    for kind in ("coefficients", "geometry"):
        assert figures[kind]["auc"]["mean"] == figures[kind]["first"]["mean"] == 1
