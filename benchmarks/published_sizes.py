"""What one photo costs at the published sizes, stage by stage, on the CPU.

    PYTHON benchmarks/published_sizes.py [--threads 1] [--rounds 3]

PYTHON is the engine environment's. Networks have random weights, so nobody's licence is needed;
times do not depend on weights. CPU seconds are the process's own, also on a shared machine. Prints
a Markdown table whose second column is what the published code takes for the stage (docs/method.md
§14, on another machine: trust the proportions).
Exact gains give the same numbers; the solver's gain gives the same distribution in fewer calls.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from ofer_engine.device import set_threads
from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.diffusion.folded import FoldedDenoiser
from ofer_engine.diffusion.samplers import (
    Denoise,
    Sampler,
    ddim_as_published,
    ddpm,
    dpm_solver_pp_2m,
    seeded_noise,
)
from ofer_engine.diffusion.schedule import Schedule
from ofer_engine.published.arcface import ArcFace
from ofer_engine.published.farl import Farl
from ofer_engine.published.published_keys import EXPGEN_SHAPE, IDGEN_SHAPE, IDRANK_SHAPE
from ofer_engine.ranking.ranker import Ranker


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    set_threads(options.threads)
    print(f"| stage ({options.threads} thread) | published | here | gain |")
    print("|---|---|---|---|")
    for stage, published, work in _stages():
        seconds = _cpu_seconds(work, options.rounds)
        cell = f"{published:.1f}" if published else "-"
        gain = f"{published / seconds:.0f}x" if published else "-"
        print(f"| {stage} | {cell} | {seconds:.2f} | {gain} |", flush=True)


def _stages() -> list[tuple[str, float, Callable[[], object]]]:
    """(stage, CPU seconds of the published code or 0, the work)."""
    torch.manual_seed(0)
    arcface, farl, idrank = ArcFace().eval(), Farl().eval(), Ranker(IDRANK_SHAPE).eval()
    idgen, expgen = (Denoiser(shape).eval() for shape in (IDGEN_SHAPE, EXPGEN_SHAPE))
    blob, picture = torch.randn(1, 3, 112, 112), torch.randn(1, 3, 224, 224)
    heads, context = torch.randn(100, IDRANK_SHAPE.vertices, 3), torch.randn(1024)
    identity, expression = IDGEN_SHAPE, EXPGEN_SHAPE
    return [
        ("exact: ArcFace once, not 100 times", 40.8, lambda: arcface(blob, True)),
        ("exact: FaRL once, not 100 times", 66.8, lambda: farl(picture)),
        ("exact: IdRank of 100", 0.24, lambda: idrank(heads, context)),
        ("exact: IdGen, as published, 251 calls x 100, unfolded", 59.2,
         lambda: _sample(_plain(idgen), identity, ddim_as_published, 100)),
        ("exact: the same, folded", 59.2,
         lambda: _sample(_folded(idgen), identity, ddim_as_published, 100)),
        ("exact: ExpGen, as published, 1000 calls x 100, folded", 134.9,
         lambda: _sample(_folded(expgen), expression, ddpm, 100)),
        ("exact: the same, only the 15 that are kept", 134.9,
         lambda: _sample(_folded(expgen), expression, ddpm, 15)),
        ("solver: IdGen, 20 calls x 100", 59.2,
         lambda: _sample(_folded(idgen), identity, dpm_solver_pp_2m, 100)),
        ("solver: ExpGen, 20 calls x 15", 134.9,
         lambda: _sample(_folded(expgen), expression, dpm_solver_pp_2m, 15)),
    ]  # fmt: skip


def _plain(network: Denoiser) -> Denoise:
    context = torch.randn(1, network.shape.context)
    return lambda x, timestep: network(x, timestep, context)


def _folded(network: Denoiser) -> Denoise:
    return FoldedDenoiser(network).condition(torch.randn(1, network.shape.context))


def _sample(denoise: Denoise, shape: DenoiserShape, sampler: Sampler, rows: int) -> torch.Tensor:
    noise = seeded_noise(0)
    return sampler(denoise, noise((rows, shape.coefficients)), Schedule.linear(), noise=noise)


@torch.inference_mode()
def _cpu_seconds(work: Callable[[], object], rounds: int) -> float:
    fastest = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        work()
        fastest = min(fastest, time.process_time() - started)
    return fastest


if __name__ == "__main__":
    main()
