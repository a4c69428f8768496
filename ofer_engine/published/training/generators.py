"""Training IdGen and ExpGen with their encoders: predict the noise, given the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from ...diffusion.schedule import Schedule
from ...research.training.curves import Watch
from ...research.training.loop import TrainingPlan, train
from ...research.training.ranks import Ranks
from ..flame import EXPRESSIONS
from .batches import Ahead, Batch, Batches, read_row, stacked
from .networks import Trainee, prepare
from .recipes import Loss, Recipe, TrainingStage
from .scan_data import Example

_HELD_PART: Final = 16


def plan_of(recipe: Recipe, batches: Batches, steps: int | None, every: int) -> TrainingPlan:
    """The loop's plan of a recipe. steps : instead of the recipe's epochs."""
    return TrainingPlan(
        steps=steps or recipe.epochs * batches.epoch,
        rate=recipe.rate,
        seed=batches.seed,
        warmup=recipe.warmup,
        weight_decay=recipe.weight_decay,
        average=recipe.average,
        clip=recipe.clip,
        every=every,
        rule=recipe.rule,
        epoch=batches.epoch,
        precision=recipe.precision,
    )


def truth(stage: TrainingStage, batch: Batch, jaw_gain: float) -> Tensor:
    """What the stage's network generates: (B, 300), or (B, 53) with the jaw times `jaw_gain`."""
    if stage is TrainingStage.IDGEN:
        return batch.identity
    jaw = batch.expression[:, EXPRESSIONS:] * jaw_gain
    return torch.cat([batch.expression[:, :EXPRESSIONS], jaw], 1)


class NoiseLoss:
    """The loss of a batch whose noise is drawn for all processes and shared out."""

    def __init__(
        self, stage: TrainingStage, recipe: Recipe, ranks: Ranks, device: torch.device
    ) -> None:
        self._stage = stage
        self._recipe = recipe
        self._ranks = ranks
        self._schedule = Schedule.linear()
        self._device = device

    def __call__(
        self, trainee: Trainee, batch: Batch, rows: int, generator: torch.Generator
    ) -> Tensor:
        """rows : of the step over all processes. Returns a scalar."""
        recipe, device = self._recipe, self._device
        batch = batch.to(device)
        clean = truth(self._stage, batch, recipe.jaw_gain)
        share = self._ranks.share(rows)
        draws = recipe.noise_draws
        timestep = torch.randint(self._schedule.levels, (rows, draws), generator=generator)
        noise = torch.randn((rows, draws, clean.shape[1]), generator=generator)
        timestep, noise = timestep[share].flatten(), noise[share].flatten(0, 1).to(device)
        context = trainee.context(batch.blobs, batch.pictures).repeat_interleave(draws, 0)
        clean = clean.repeat_interleave(draws, 0)
        noisy = self._schedule.add_noise(clean, timestep, noise)
        predicted = trainee.network(noisy, timestep.to(device), context)
        difference = predicted.float() - noise
        published = recipe.loss is Loss.PUBLISHED
        return difference.abs().mean() if published else difference.square().mean()


def train_generator(
    stage: TrainingStage,
    trainee: Trainee,
    batches: Batches,
    held: Sequence[Example],
    recipe: Recipe,
    plan: TrainingPlan,
    folder: Path,
    device: torch.device,
    watch: Watch | None = None,
) -> None:
    """Train in place, ending with the averaged weights. held : entries that only validate."""
    loss = NoiseLoss(stage, recipe, batches.ranks, device)
    alone = NoiseLoss(stage, recipe, Ranks(), device)

    def validate(_: torch.nn.Module) -> Mapping[str, float]:
        generator = torch.Generator().manual_seed(plan.seed)
        values = []
        for first in range(0, len(held), _HELD_PART):
            part = held[first : first + _HELD_PART]
            batch = stacked([read_row(example, 0, batches.reader) for example in part])
            values.append(float(alone(trainee, batch, len(part), generator)) * len(part))
        return {"held_total": sum(values) / len(held)}

    trainee.to(device).train()
    with Ahead(batches.load, plan.steps) as load:

        def losses(step: int, generator: torch.Generator) -> dict[str, Tensor]:
            return {"total": loss(trainee, load(step), batches.rows, generator)}

        train(
            trainee, prepare(trainee, recipe), losses, plan, folder, validate if held else None,
            ranks=batches.ranks, watch=watch,
        )  # fmt: skip
    trainee.eval()
