"""One training loop for every network: averaged weights, clipping, several processes, exact resume.

A step draws all its randomness from a generator seeded with (seed, step), so a run continued from
a checkpoint goes on with the same bits as one that was never stopped.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...contract.errors import ErrorCode, OferError
from ...published.pickle_reader.pickle_machine import DamagedPickle, UnsafePickle
from ...published.pickle_reader.torch_file import read_torch_file
from .curves import Watch
from .optimizer import AdamWithMuon, ParameterGroup, multiplies_bfloat16
from .ranks import Ranks
from .rates import LearningRates, PlateauPace, Rule

Losses = Mapping[str, Tensor]
"""Named scalar losses of one step; `total` is the one that is minimised."""


class Precision(StrEnum):
    """What products are computed in; weights and their updates are always float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"

    @staticmethod
    def of_this_cpu() -> Precision:
        """bfloat16 where the processor multiplies it itself; elsewhere it takes 2.6 times as long
        as float32."""
        return Precision.BFLOAT16 if multiplies_bfloat16() else Precision.FLOAT32


@dataclass(frozen=True)
class TrainingPlan:
    """steps : optimiser steps; rate : peak learning rate; warmup : steps of linear rise.

    average : decay of the exponential moving average of the weights, 0 for none; clip : largest
    norm of the gradient, 0 for none; every : steps between checkpoints and validations;
    epoch : steps over which the plateau rule takes the mean; watch_every : steps between figures
    for the live curve.
    """

    steps: int
    rate: float
    seed: int = 0
    warmup: int = 200
    weight_decay: float = 0.01
    average: float = 0.999
    clip: float = 5.0
    every: int = 500
    rule: Rule = Rule.COSINE
    epoch: int = 1
    precision: Precision = Precision.FLOAT32
    watch_every: int = 10


def step_generator(seed: int, step: int) -> torch.Generator:
    """The CPU generator that all randomness of one step comes from."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % (2**63 - 1))


def train(
    model: nn.Module,
    groups: Sequence[ParameterGroup],
    losses: Callable[[int, torch.Generator], Losses],
    plan: TrainingPlan,
    folder: Path,
    validate: Callable[[nn.Module], Mapping[str, float]] | None = None,
    *,
    ranks: Ranks | None = None,
    watch: Watch | None = None,
) -> None:
    """Minimise `losses(step, generator)["total"]`; leave the averaged weights in `model`.

    folder : holds `checkpoint.pt` (model, average, optimiser, step) and `log.csv`; an existing
    checkpoint is continued. validate : called with the averaged model at every checkpoint, by the
    first process. ranks : the processes that train together, each on its share of a step's rows;
    one by default. watch : called with the losses every few steps, by the first process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(model, groups, plan, folder, ranks or Ranks())
    started = time.monotonic()
    for step in range(run.resume(), plan.steps):
        values = run.step(step, losses)
        done = step + 1
        saving = done % plan.every == 0 or done == plan.steps
        if not saving and done % plan.watch_every:
            continue
        row = run.figures(values)
        if saving:
            row["seconds"] = time.monotonic() - started
            row |= run.save(done, row, validate)
        if watch is not None and run.ranks.leads:
            watch(done, row)
    model.load_state_dict({**model.state_dict(), **run.average})


class _Run:
    """A model, its average and its optimiser, as they stand after some steps."""

    def __init__(
        self,
        model: nn.Module,
        groups: Sequence[ParameterGroup],
        plan: TrainingPlan,
        folder: Path,
        ranks: Ranks,
    ) -> None:
        self.model = model
        self.plan = plan
        self.folder = folder
        self.ranks = ranks
        self.optimizer = AdamWithMuon(groups, plan.rate, plan.weight_decay)
        self.parameters = [p for group in groups for p in group.parameters]
        self.pace = (
            PlateauPace(self.optimizer, plan.rate, plan.steps, plan.epoch)
            if plan.rule is Rule.PLATEAU
            else LearningRates(self.optimizer, plan.rate, plan.steps, plan.warmup)
        )
        # A frozen encoder stays what it is: averaging it would cost more than the step.
        frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
        self.average = {
            name: value.detach().clone()
            for name, value in model.state_dict().items()
            if name not in frozen
        }
        self.device = self.parameters[0].device

    def step(self, step: int, losses: Callable[[int, torch.Generator], Losses]) -> Losses:
        """One optimiser step; gives back this process's losses."""
        plan = self.plan
        self.pace.before(step)
        mixed = plan.precision is Precision.BFLOAT16
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            values = losses(step, step_generator(plan.seed, step))
        self.optimizer.zero_grad(set_to_none=True)
        values["total"].backward()
        self.ranks.average([p.grad for p in self.parameters if p.grad is not None])
        if plan.clip:
            torch.nn.utils.clip_grad_norm_(self.parameters, plan.clip)
        self.optimizer.step()
        if self.ranks.count > 1:
            # Batch norms that follow their batch saw another share in each process.
            self.ranks.average([b for b in self.model.buffers() if b.is_floating_point()])
        self._move_average(min(plan.average, (step + 1) / (step + 10)))
        if plan.rule is Rule.PLATEAU:
            loss = values["total"].detach().float().clone()
            self.ranks.average([loss])
            self.pace.after(loss)
        return values

    def figures(self, values: Losses) -> dict[str, float]:
        """The losses as numbers, meant over the processes."""
        stacked = torch.stack([value.detach().float() for value in values.values()])
        self.ranks.average([stacked])
        return dict(zip(values, stacked.tolist(), strict=True))

    def resume(self) -> int:
        """Continue the folder's checkpoint, if there is one; the number of steps it has done."""
        checkpoint = self.folder / "checkpoint.pt"
        if not checkpoint.exists():
            return 0
        try:
            state = read_torch_file(checkpoint)
        except (UnsafePickle, DamagedPickle, OSError) as cause:
            raise OferError(
                ErrorCode.WEIGHTS_DAMAGED,
                "{name} in {folder} is no checkpoint to go on from; nothing in it was run.",
                "Restore it, or remove it to begin the run again.",
                name=checkpoint.name,
                folder=self.folder,
            ) from cause
        self.model.load_state_dict(state["model"])
        for name, value in self.average.items():
            value.copy_(state["average"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.pace.restore(state.get("pace", {}))
        return int(state["step"])

    def save(
        self,
        step: int,
        row: Mapping[str, float],
        validate: Callable[[nn.Module], Mapping[str, float]] | None,
    ) -> dict[str, float]:
        """Write the checkpoint and a line of the log; gives back the validation's figures."""
        figures = {}
        if self.ranks.leads:
            figures = self._validated(validate) if validate is not None else {}
            _write(self.folder, self._state(step))
            _log(self.folder / "log.csv", step, {**row, **figures})
        self.ranks.wait()
        return figures

    def _state(self, step: int) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "pace": self.pace.state(),
            "step": step,
        }

    def _move_average(self, decay: float) -> None:
        now = self.model.state_dict()
        with torch.no_grad():
            for name, value in self.average.items():
                if value.is_floating_point():
                    value.lerp_(now[name], 1 - decay)
                else:
                    value.copy_(now[name])

    def _validated(self, validate: Callable[[nn.Module], Mapping[str, float]]) -> dict[str, float]:
        state = self.model.state_dict()
        current = {name: state[name].detach().clone() for name in self.average}
        self.model.load_state_dict({**state, **self.average})
        self.model.eval()
        with torch.no_grad():
            figures = dict(validate(self.model))
        self.model.train()
        self.model.load_state_dict({**state, **current})
        return figures


def _write(folder: Path, state: Mapping[str, Any]) -> None:
    unfinished = folder / "checkpoint.unfinished"
    torch.save(dict(state), unfinished)
    os.replace(unfinished, folder / "checkpoint.pt")


def _log(file: Path, step: int, row: Mapping[str, float]) -> None:
    new = not file.exists()
    with file.open("a", newline="") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(["step", *row])
        writer.writerow([step, *(f"{value:.5g}" for value in row.values())])
