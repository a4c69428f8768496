"""Training IdGen and ExpGen: predict the noise in coefficients, given a photo's context.

The published recipe takes the mean absolute error of the noise (`Loss.PUBLISHED`); the open pack
takes the squared error, whose optimum is the score itself, so that the spread of the samples is
the spread of what is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor

from ...conditioning.person import signed
from ...diffusion.denoiser import Denoiser
from ...diffusion.schedule import Schedule
from .loop import TrainingPlan, train
from .optimizer import ParameterGroup

ContextOf = Callable[[Tensor, torch.Generator | None], Tensor]
"""Rows (B,) → their contexts (B, C); without a generator, nothing by chance."""


class Loss(StrEnum):
    """How the predicted noise is compared with the true one."""

    PUBLISHED = "l1"
    SQUARED = "squared"


def noise_loss(predicted: Tensor, noise: Tensor, loss: Loss) -> Tensor:
    """Scalar; predicted, noise : (B, D)."""
    difference = predicted - noise
    return difference.abs().mean() if loss is Loss.PUBLISHED else difference.square().mean()


def train_denoiser(
    denoiser: Denoiser,
    coefficients: Tensor,
    context_of: ContextOf,
    schedule: Schedule,
    plan: TrainingPlan,
    folder: Path,
    *,
    held_out: Tensor,
    batch: int = 256,
    loss: Loss = Loss.SQUARED,
    context_noise: float = 0.1,
) -> None:
    """Train in place on coefficients (N, D), already of unit deviation, and the context of each.

    held_out : (N,) bool, rows that only validate. context_noise : deviation of noise added to the
    standardised context, so that the network does not learn single pictures by heart.
    """
    alpha_bar = schedule.alpha_bar
    kept, held = torch.nonzero(~held_out)[:, 0], torch.nonzero(held_out)[:, 0]
    denoiser.train()

    def batch_loss(
        rows: Tensor, generator: torch.Generator, blur: float, model: Denoiser
    ) -> Tensor:
        clean = coefficients[rows]
        timestep = torch.randint(len(alpha_bar), (len(rows),), generator=generator)
        noise = torch.randn(clean.shape, generator=generator)
        level = alpha_bar[timestep][:, None]
        noisy = level.sqrt() * clean + (1 - level).sqrt() * noise
        context = context_of(rows, generator if blur else None)
        if blur:
            context = context + blur * torch.randn(context.shape, generator=generator)
        return noise_loss(model(noisy, timestep, signed(context)), noise, loss)

    def step_losses(_: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = kept[torch.randint(len(kept), (batch,), generator=generator)]
        return {"total": batch_loss(rows, generator, context_noise, denoiser)}

    def validate(model: torch.nn.Module) -> dict[str, float]:
        generator = torch.Generator().manual_seed(plan.seed)
        parts = held.split(1000)
        values = [batch_loss(part, generator, 0.0, model) for part in parts]  # pyright: ignore
        return {"held_total": float(torch.stack(values).mean())}

    train(
        denoiser, [ParameterGroup(list(denoiser.parameters()))], step_losses, plan, folder, validate
    )
    denoiser.eval()
