"""The newer landmarker's modules: shapes, names and what must not matter to them."""

import numpy as np
import pytest
import torch

from ofer_engine.contract.arkit import ARKIT_52
from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.photo.face_landmarker import (
    LANDMARKER_COUNT,
    UNIT_LANDMARKS,
    UNITS,
    LandmarkerNetwork,
    LandmarkerTrunk,
    UnitNetwork,
    arkit_weights,
)
from ofer_engine.photo.face_weights import load_landmarker_network, load_unit_network


@torch.inference_mode()
def test_the_maps_are_the_stages_of_one_trunk():
    torch.manual_seed(0)
    network = LandmarkerNetwork().eval()
    pictures = torch.rand(2, 3, 256, 256)
    maps = network.trunk.maps(pictures)
    assert [tuple(one.shape[1:]) for one in maps] == [
        (width, 128 >> stage, 128 >> stage)
        for stage, width in enumerate(LandmarkerTrunk.STAGE_CHANNELS)
    ]
    assert LandmarkerTrunk.MAP_CHANNELS == (16, 32, 64, 128, 128)
    assert (maps[-1] == network.trunk(pictures)).all()
    landmarks, presence = network(pictures)
    assert landmarks.shape == (2, LANDMARKER_COUNT, 3) and presence.shape == (2,)
    larger = network.trunk.maps(torch.rand(1, 3, 128, 384))
    assert larger[0].shape == (1, 16, 64, 192) and larger[-1].shape == (1, 128, 1, 3)


def test_frozen_stages_take_no_gradient():
    trunk = LandmarkerTrunk()
    trunk.freeze(2)
    trunk(torch.rand(1, 3, 128, 128)).sum().backward()
    trained = [any(p.grad is not None for p in stage.parameters()) for stage in trunk.stages]
    assert trained == [False, False, True, True, True, True, True]


@torch.inference_mode()
def test_units_do_not_change_with_place_and_size():
    torch.manual_seed(1)
    network = UnitNetwork().eval()
    landmarks = 100 * torch.rand(3, LANDMARKER_COUNT, 3)
    weights = network(landmarks)
    assert weights.shape == (3, 52) and ((weights > 0) & (weights < 1)).all()
    assert torch.allclose(network(7 * landmarks + 40), weights, atol=1e-5)
    deeper = landmarks * torch.tensor([1.0, 1.0, 9.0])
    assert (network(deeper) == weights).all()  # depth is not read


def test_names_are_arkits_without_the_tongue():
    assert len(set(UNITS)) == 52 and len(set(UNIT_LANDMARKS)) == 146
    assert set(UNITS) - {"_neutral"} == set(ARKIT_52) - {"tongueOut"}
    units = torch.arange(52.0)[None]
    weights = arkit_weights(units)[0]
    for place, name in enumerate(ARKIT_52):
        assert weights[place] == (UNITS.index(name) if name in UNITS else 0)


@pytest.mark.parametrize("load", [load_landmarker_network, load_unit_network])
def test_missing_weights_are_told(load, tmp_path):
    with pytest.raises(OferError) as caught:
        load(tmp_path)
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING


def test_the_recorded_answers_are_a_face_and_no_face():
    from pathlib import Path

    with np.load(Path(__file__).parent / "data" / "face_landmarker.npz") as recorded:
        assert recorded["pictures"].shape == (2, 256, 256, 3)
        assert recorded["presence"][0] > 10 > -10 > recorded["presence"][1]
        assert recorded["units"].shape == (2, 52)
