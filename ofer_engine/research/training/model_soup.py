"""The mean of conditioners that went on from one another: a model soup (Wortsman et al. 2022).

    python -m ofer_engine.research.training.model_soup --part RUN/conditioner.safetensors 0.4
        --part OLD/conditioner.safetensors 0.6 --out FILE

One run of training ends somewhere beside the best place, each in another direction; the mean reads
photographs and renders better than its parts, at no cost.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...packs.byte_weights import as_weights


def soup(parts: Sequence[tuple[Mapping[str, Tensor], float]]) -> dict[str, Tensor]:
    """Mean of networks' weights by name, float32, each by its share of all shares. What is no
    floating-point number is the first one's.

    Raises ValueError where two networks differ in names or shapes, or the shares do not sum to a
    number above 0.
    """
    whole = sum(share for _, share in parts)
    if whole <= 0:
        raise ValueError(f"shares that sum to {whole}")
    first = parts[0][0]
    shapes = {name: value.shape for name, value in first.items()}
    if any({n: v.shape for n, v in weights.items()} != shapes for weights, _ in parts):
        raise ValueError("networks of different names or shapes")
    return {
        name: sum(
            (weights[name].float() * (share / whole) for weights, share in parts),
            start=torch.zeros(value.shape),
        )
        if value.is_floating_point()
        else value.clone()
        for name, value in first.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--part",
        nargs=2,
        action="append",
        required=True,
        metavar=("FILE", "SHARE"),
        help="a conditioner.safetensors, of a run or a pack, and what it counts",
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    parts = [(as_weights(load_file(file)), float(share)) for file, share in options.part]
    save_file(soup(parts), options.out)


if __name__ == "__main__":
    main()
