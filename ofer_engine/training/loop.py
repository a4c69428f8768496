"""One training loop for every network: cosine rate, clipping, averaged weights, exact resume.

A step draws all its randomness from a generator seeded with (seed, step), so a run continued from
a checkpoint goes on with the same bits as one that was never stopped.
"""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

Losses = Mapping[str, Tensor]
"""Named scalar losses of one step; `total` is the one that is minimised."""


@dataclass(frozen=True)
class Plan:
    """steps : optimiser steps; rate : peak learning rate; warmup : steps of linear rise.

    average : decay of the exponential moving average of the weights, 0 for none;
    every : steps between checkpoints and validations.
    """

    steps: int
    rate: float
    seed: int = 0
    warmup: int = 200
    weight_decay: float = 0.01
    average: float = 0.999
    clip: float = 5.0
    every: int = 500


@dataclass(frozen=True)
class Group:
    """Parameters that train at `scale` times the plan's rate."""

    parameters: Sequence[nn.Parameter]
    scale: float = 1.0


def learning_rate(plan: Plan, step: int) -> float:
    """Linear warm-up, then a cosine from `rate` down to a hundredth of it."""
    warm = min(1.0, (step + 1) / max(plan.warmup, 1))
    return plan.rate * warm * (0.01 + 0.495 * (1 + math.cos(math.pi * step / plan.steps)))


def step_generator(seed: int, step: int) -> torch.Generator:
    """The CPU generator that all randomness of one step comes from."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % (2**63 - 1))


def train(
    model: nn.Module,
    groups: Sequence[Group],
    losses: Callable[[int, torch.Generator], Losses],
    plan: Plan,
    folder: Path,
    validate: Callable[[nn.Module], Mapping[str, float]] | None = None,
) -> None:
    """Minimise `losses(step, generator)["total"]`; leave the averaged weights in `model`.

    folder : holds `checkpoint.pt` (model, average, optimiser, step) and `log.csv`; an existing
    checkpoint is continued. validate : called with the averaged model at every checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(
        [{"params": list(g.parameters), "scale": g.scale} for g in groups],
        plan.rate,
        weight_decay=plan.weight_decay,
    )
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    first = _resume(folder, model, average, optimizer)
    started = time.monotonic()
    for step in range(first, plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(plan, step) * group["scale"]
        values = losses(step, step_generator(plan.seed, step))
        optimizer.zero_grad(set_to_none=True)
        values["total"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
        optimizer.step()
        _move_average(average, model, min(plan.average, (step + 1) / (step + 10)))
        done = step + 1
        if done % plan.every == 0 or done == plan.steps:
            row = {name: float(value.detach()) for name, value in values.items()}
            row["seconds"] = time.monotonic() - started
            if validate is not None:
                row |= _validated(validate, model, average)
            _save(folder, model, average, optimizer, done)
            _log(folder / "log.csv", done, row)
    model.load_state_dict(average)


def _move_average(average: dict[str, Tensor], model: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - decay)
            else:
                average[name].copy_(value)


def _validated(
    validate: Callable[[nn.Module], Mapping[str, float]],
    model: nn.Module,
    average: dict[str, Tensor],
) -> dict[str, float]:
    current = {name: value.detach().clone() for name, value in model.state_dict().items()}
    model.load_state_dict(average)
    model.eval()
    with torch.no_grad():
        figures = dict(validate(model))
    model.train()
    model.load_state_dict(current)
    return figures


def _resume(
    folder: Path, model: nn.Module, average: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> int:
    checkpoint = folder / "checkpoint.pt"
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    for name, value in state["average"].items():
        average[name].copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    folder: Path,
    model: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    step: int,
) -> None:
    unfinished = folder / "checkpoint.unfinished"
    torch.save(
        {
            "model": model.state_dict(),
            "average": average,
            "optimizer": optimizer.state_dict(),
            "step": step,
        },
        unfinished,
    )
    os.replace(unfinished, folder / "checkpoint.pt")


def _log(file: Path, step: int, row: Mapping[str, float]) -> None:
    new = not file.exists()
    with file.open("a", newline="") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(["step", *row])
        writer.writerow([step, *(f"{value:.5g}" for value in row.values())])
