"""Training IdRank: order candidate heads by how near they come to the true one.

OFER §3.3: a softmax over the negated distances is the target of the scores' softmax. The published
temperature is 1 mm, at which a hundred candidates within a millimetre look alike; the open pack
sharpens it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from ...ranking.ranker import Ranker, listwise_loss
from .loop import TrainingPlan, train
from .optimizer import ParameterGroup

_BATCH: Final = 8
"""Photos a step."""
_TEMPERATURE: Final = 0.15
"""Millimetres at which distances become a target."""
_CONTEXT_NOISE: Final = 0.1
"""Deviation of the noise on the standardised contexts."""
Decode = Callable[[Tensor], Tensor]
"""(…, K) identity coefficients → (…, R, 3) ranking vertices, millimetres from the mean head."""
Shown = Callable[[Tensor], Tensor]
"""(B, N, R, 3) → what the ranker is shown of them, (B, N, S, 3)."""


def distances(candidates: Tensor, truth: Tensor) -> Tensor:
    """(B, N) mean absolute difference in mm of candidates (B, N, R, 3) from truth (B, R, 3)."""
    return (candidates - truth[:, None]).abs().mean(dim=(2, 3))


def train_ranker(
    ranker: Ranker,
    decode: Decode,
    shown: Shown,
    candidates: Tensor,
    truth: Tensor,
    contexts: Tensor,
    plan: TrainingPlan,
    folder: Path,
    *,
    held_out: int,
) -> None:
    """Train in place on candidates (M, N, K) and truth (M, K) coefficients, contexts (M, C).

    The last `held_out` photos only validate.
    """
    kept = len(candidates) - held_out
    ranker.train()

    def score(rows: Tensor, blur: Tensor | float) -> tuple[Tensor, Tensor]:
        heads = decode(candidates[rows])
        away = distances(heads, decode(truth[rows]))
        return ranker(shown(heads), contexts[rows] + blur), away

    def step_losses(_: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = torch.randint(kept, (_BATCH,), generator=generator)
        blur = _CONTEXT_NOISE * torch.randn((_BATCH, contexts.shape[1]), generator=generator)
        scores, away = score(rows, blur)
        return {"total": listwise_loss(scores, away / _TEMPERATURE)}

    def validate(_: torch.nn.Module) -> dict[str, float]:
        first, mean, best, total = [], [], [], []
        for rows in torch.arange(kept, len(candidates)).split(_BATCH):
            scores, away = score(rows, 0.0)
            total.append(listwise_loss(scores, away / _TEMPERATURE) * len(rows))
            first.append(away.gather(1, scores.argmax(dim=1, keepdim=True)))
            mean.append(away.mean(dim=1))
            best.append(away.min(dim=1).values)
        average = torch.cat(mean).mean()
        recovered = (average - torch.cat(first).mean()) / (average - torch.cat(best).mean())
        return {"held_total": float(sum(total)) / held_out, "held_recovery": float(recovered)}

    train(ranker, [ParameterGroup(list(ranker.parameters()))], step_losses, plan, folder, validate)
    ranker.eval()
