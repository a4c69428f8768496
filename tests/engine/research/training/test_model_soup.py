"""The mean of several conditioners."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from ofer_engine.research.training.model_soup import main, soup


def test_weights_are_the_shares_mean_and_counts_stay():
    one = {"a": torch.tensor([1.0, 3.0]), "n": torch.tensor(7)}
    other = {"a": torch.tensor([5.0, -1.0]), "n": torch.tensor(9)}
    found = soup([(one, 3.0), (other, 1.0)])
    assert torch.equal(found["a"], torch.tensor([2.0, 2.0]))
    assert found["n"].item() == 7


def test_half_precision_is_summed_in_full():
    one = {"a": torch.tensor([1.0], dtype=torch.float16)}
    other = {"a": torch.tensor([1.0009765625], dtype=torch.float16)}
    found = soup([(one, 1.0), (other, 1.0)])["a"]
    assert found.dtype == torch.float32 and found.item() == 1.00048828125


@pytest.mark.parametrize(
    "other",
    [{"b": torch.zeros(2)}, {"a": torch.zeros(3)}, {"a": torch.zeros(2), "b": torch.zeros(1)}],
)
def test_networks_of_other_shapes_are_refused(other):
    with pytest.raises(ValueError, match="different"):
        soup([({"a": torch.zeros(2)}, 1.0), (other, 1.0)])


def test_shares_of_nothing_are_refused():
    with pytest.raises(ValueError, match="shares"):
        soup([({"a": torch.zeros(2)}, 1.0), ({"a": torch.zeros(2)}, -1.0)])


def test_the_command_writes_the_mean_of_files(tmp_path):
    for name, value in (("x", 0.0), ("y", 4.0)):
        save_file({"a": torch.full((3, 3), value)}, tmp_path / f"{name}.safetensors")
    parts = [
        word
        for name, share in (("x", "1"), ("y", "3"))
        for word in ("--part", str(tmp_path / f"{name}.safetensors"), share)
    ]
    main([*parts, "--out", str(tmp_path / "z.safetensors")])
    assert torch.equal(load_file(tmp_path / "z.safetensors")["a"], torch.full((3, 3), 3.0))
