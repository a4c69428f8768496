"""Do 20 calls of the multistep solver draw from the same distribution as 1000 of DDPM?

    PYTHON benchmarks/solver_agreement.py [--pack open] [--home DIR] [--rows 2000] [--network idgen]

PYTHON is the engine environment's. One network, one context (drawn from a seed at the scale of the
training contexts), each sampler from its own noise. Prints a Markdown table: the sliced
2-Wasserstein distance to a DDPM set, over its floor (two DDPM sets of other seeds), and the spread
of the coefficients relative to DDPM's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch import Tensor

from ofer_engine.device import set_threads
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.samplers import (
    Denoise,
    Sampler,
    ddim,
    ddim_as_published,
    ddpm,
    dpm_solver_pp_2m,
    seeded_noise,
)
from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.pack_registry import pack_folder
from ofer_engine.packs.open_pack import read_open_pack

SETTINGS: tuple[tuple[str, Sampler, int | None], ...] = (
    ("dpm_solver_pp_2m, 10 calls", dpm_solver_pp_2m, 10),
    ("dpm_solver_pp_2m, 20 calls", dpm_solver_pp_2m, 20),
    ("dpm_solver_pp_2m, 40 calls", dpm_solver_pp_2m, 40),
    ("ddim, 20 calls", ddim, 20),
    ("ddim, 50 calls", ddim, 50),
    ("ddim_as_published, 251 calls", ddim_as_published, None),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", default="open")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--network", choices=("idgen", "expgen"), default="idgen")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    set_threads(options.threads)
    folder = pack_folder(options.pack, options.home)
    networks = read_open_pack(folder, torch.device("cpu")).networks
    network = getattr(networks, options.network)
    context = torch.randn(1, network.shape.context, generator=torch.Generator().manual_seed(7))
    denoise = FoldedDenoiser(network).condition(context)
    shape = (options.rows, network.shape.coefficients)
    reference = _draw(denoise, ddpm, shape, 0, None)
    floor = sliced_wasserstein(reference, _draw(denoise, ddpm, shape, 1, None))
    print(f"| sampler ({options.network}, {options.rows} samples) | distance / floor | spread |")
    print("|---|---|---|")
    for title, sampler, steps in SETTINGS:
        drawn = _draw(denoise, sampler, shape, 2, steps)
        distance = sliced_wasserstein(reference, drawn) / floor
        spread = (drawn.std(0).mean() / reference.std(0).mean()).item()
        print(f"| {title} | {distance:.2f} | {spread:.3f} |", flush=True)
    print(f"\nfloor: {floor:.4f}")


def sliced_wasserstein(first: Tensor, second: Tensor) -> float:
    """Root mean square of the 2-Wasserstein distances along random directions.

    first, second : (N, D) float32. Returns in the unit of the coefficients.
    """
    generator = torch.Generator().manual_seed(0)
    slices = torch.randn(first.shape[1], 500, generator=generator)
    slices /= slices.norm(dim=0)
    difference = (first @ slices).sort(0).values - (second @ slices).sort(0).values
    return difference.square().mean().sqrt().item()


def _draw(
    denoise: Denoise, sampler: Sampler, shape: tuple[int, int], seed: int, steps: int | None
) -> Tensor:
    noise = seeded_noise(seed)
    return sampler(denoise, noise(shape), Schedule.linear(), noise=noise, steps=steps)


if __name__ == "__main__":
    main()
