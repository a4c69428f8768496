"""Weights as bytes: near, small, the same again, and never believed without fitting scales."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ofer_engine.contract.errors import ErrorCode, OferError
from ofer_engine.packs.byte_weights import SCALE, as_bytes, as_weights
from ofer_engine.packs.open_description import NETWORKS
from ofer_engine.packs.open_files import kept_as_bytes, read_files
from ofer_engine.research.training.smaller_pack import write_smaller

BUNDLED = Path(__file__).parents[3] / "weights" / "open"
CPU = torch.device("cpu")


@pytest.mark.parametrize("shape", [(64, 80), (33, 16, 3, 3), (3, 2, 4, 8, 30), (71, 67)])
def test_a_weight_is_within_half_a_step_of_its_neighbours_largest(shape):
    torch.manual_seed(0)
    weight = torch.randn(shape) * torch.rand(shape[0], *[1] * (len(shape) - 1))
    stored = as_bytes("w", weight)
    again = as_weights(stored)["w"]
    assert stored["w"].dtype == torch.int8 and again.shape == weight.shape
    for group, near in zip(weight.flatten().split(32), again.flatten().split(32), strict=True):
        step = float(group.abs().max()) / 127
        assert (group - near).abs().max() <= 0.57 * step  # half a step, and the scale's rounding
    assert not torch.equal(again, weight)
    assert torch.equal(as_bytes("w", again)["w"], stored["w"])


def test_a_row_of_zeros_stays_one():
    weight = torch.randn(100, 50)
    weight[32:64] = 0
    again = as_weights(as_bytes("w", weight))["w"]
    assert not again[32:64].any() and again[:32].any()


def test_vectors_and_small_matrices_stay_halves():
    for shape in ((5000,), (40, 40)):
        assert as_bytes("w", torch.randn(shape))["w"].dtype == torch.float16


@pytest.mark.parametrize(
    "scale", [None, torch.ones(4), torch.ones(3), torch.ones(2).half(), torch.ones(3, 1).half()]
)
def test_bytes_without_scales_that_fit_are_refused(scale):
    stored = {"w": torch.ones(12, 6, dtype=torch.int8)}
    assert as_weights(stored | {"w" + SCALE: torch.ones(3).half()})["w"].sum() == 72
    if scale is not None:
        stored["w" + SCALE] = scale
    with pytest.raises(ValueError, match="w has"):
        as_weights(stored)


@pytest.fixture(scope="module")
def smaller(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("packs") / "open"
    write_smaller(BUNDLED, out)
    return out


def test_a_smaller_pack_is_a_pack_with_nearly_the_same_weights(smaller):
    one, other = (read_files(folder, CPU) for folder in (BUNDLED, smaller))
    assert other[1] == one[1] and other[0].version == one[0].version
    # what is bytes already gives the same bytes again
    assert (other[0].fingerprint == one[0].fingerprint) == kept_as_bytes(BUNDLED)
    for name in NETWORKS:
        before, after = (getattr(pack[3], name).state_dict() for pack in (one, other))
        for key, value in before.items():
            away = (after[key].float() - value.float()).abs().max()
            assert away <= 0.004 * value.float().abs().max().clamp_min(1e-9), (name, key)
            if key.startswith("trunk."):
                assert torch.equal(after[key], value)


def test_it_is_little_more_than_half_as_large_and_has_all_that_stood_beside(smaller):
    def size(folder: Path) -> int:
        return sum((folder / f"{name}.safetensors").stat().st_size for name in NETWORKS)

    assert size(smaller) < 31_000_000
    inside = [{str(p.relative_to(f)) for p in f.rglob("*")} for f in (BUNDLED, smaller)]
    assert inside[0] == inside[1]


def test_a_folder_that_is_there_is_not_written_into(smaller):
    with pytest.raises(OferError) as caught:
        write_smaller(BUNDLED, smaller)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_scales_that_were_taken_away_are_damage(smaller, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(smaller, copy)
    file = copy / "idrank.safetensors"
    kept = {name: value for name, value in load_file(file).items() if not name.endswith(SCALE)}
    save_file(kept, file)
    description = json.loads((copy / "pack.json").read_text())
    description["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    (copy / "pack.json").write_text(json.dumps(description))
    with pytest.raises(OferError, match=file.name) as caught:
        read_files(copy, CPU)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED
