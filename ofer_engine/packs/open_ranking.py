"""What the open pack's IdRank is shown: samples and their mean, and how far each is from it."""

from __future__ import annotations

import torch
from torch import Tensor

_CENTRALITY = 10.0
"""Weight of the extra point, one among hundreds."""


def widened(drawn: Tensor, spread: Tensor) -> Tensor:
    """(…, N, K): samples (…, N, K), `spread` (a scalar) times as far from their mean."""
    mean = drawn.mean(dim=-2, keepdim=True)
    return mean + spread * (drawn - mean)


def with_mean(drawn: Tensor) -> Tensor:
    """(…, N + 1, K): samples (…, N, K), and their mean as one candidate more; a lone one as it is.

    Of heads that are all possible, the one with the least expected error is their mean.
    """
    if drawn.shape[-2] == 1:
        return drawn
    return torch.cat([drawn, drawn.mean(dim=-2, keepdim=True)], dim=-2)


def ranked_points(deviations: Tensor) -> Tensor:
    """(…, N, R + 1, 3): the ranking vertices of candidates, and a point that tells how far the
    candidate as a whole lies from the mean of its set.

    deviations : (…, N, R, 3) millimetres from the mean head. Beside whole coordinates, a hundred
    times larger, the differences that matter would drown in the first layer.
    """
    away = deviations - deviations.mean(dim=-3, keepdim=True)
    distance = away.square().sum(dim=-1).mean(dim=-1).sqrt()
    extra = torch.zeros_like(deviations[..., :1, :])
    extra[..., 0, 0] = _CENTRALITY * distance
    return torch.cat([deviations, extra], dim=-2)
