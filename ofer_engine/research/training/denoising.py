"""Training IdGen and ExpGen: predict the noise in coefficients, given a photo's context.

The error of the noise is squared: its optimum is the score itself, so that the samples spread as
widely as what is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from ...conditioning.person import signed
from ...diffusion.schedule import Schedule
from .loop import TrainingPlan, train
from .optimizer import ParameterGroup

ContextOf = Callable[[Tensor, torch.Generator | None], Tensor]
"""Rows (B,) → their contexts (B, C); without a generator, nothing by chance."""


_BATCH: Final = 256
"""Coefficients a step."""


def train_denoiser(
    denoiser: nn.Module,
    coefficients: Tensor,
    context_of: ContextOf,
    schedule: Schedule,
    plan: TrainingPlan,
    folder: Path,
    *,
    held_out: Tensor,
    context_noise: float | Tensor,
) -> None:
    """Train in place a `Denoiser`, or what is called like one, on coefficients (N, D), already of
    unit deviation, and the context of each.

    held_out : (N,) bool, rows that only validate. context_noise : deviation of noise added to the
    standardised context, or (C,) of each of its entries, so that the network neither learns single
    pictures by heart nor trusts them more than it should.
    """
    alpha_bar = schedule.alpha_bar
    kept, held = torch.nonzero(~held_out)[:, 0], torch.nonzero(held_out)[:, 0]
    denoiser.train()

    def batch_loss(
        rows: Tensor, generator: torch.Generator, learning: bool, model: nn.Module
    ) -> Tensor:
        clean = coefficients[rows]
        timestep = torch.randint(len(alpha_bar), (len(rows),), generator=generator)
        noise = torch.randn(clean.shape, generator=generator)
        level = alpha_bar[timestep][:, None]
        noisy = level.sqrt() * clean + (1 - level).sqrt() * noise
        context = context_of(rows, generator if learning else None)
        if learning:
            context = context + context_noise * torch.randn(context.shape, generator=generator)
        return (model(noisy, timestep, signed(context)) - noise).square().mean()

    def step_losses(_: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = kept[torch.randint(len(kept), (_BATCH,), generator=generator)]
        return {"total": batch_loss(rows, generator, True, denoiser)}

    def validate(model: torch.nn.Module) -> dict[str, float]:
        generator = torch.Generator().manual_seed(plan.seed)
        parts = held.split(1000)
        values = [batch_loss(part, generator, False, model) for part in parts]  # pyright: ignore
        return {"held_total": float(torch.stack(values).mean())}

    train(
        denoiser, [ParameterGroup(list(denoiser.parameters()))], step_losses, plan, folder, validate
    )
    denoiser.eval()
