"""A closer look: what the trunk's finer maps show at the points that the look before found.

A feature that is read where a point is believed to be tells how far off the belief is: the step
of a supervised descent (Xiong and De la Torre 2013), fed back as mesh-aligned features (PyMAF,
Zhang et al. 2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_WIDTH = 24
"""Features kept of each point."""


class CloserLook(nn.Module):
    """(maps, points) → (B, features), to be added to what the first look felt; 0 when untrained.

    points : how many; channels : of all maps together.
    """

    def __init__(self, points: int, channels: int, features: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, _WIDTH)
        self.norm = nn.LayerNorm(points * _WIDTH)
        self.read = nn.Linear(points * _WIDTH, features)
        nn.init.zeros_(self.read.weight)
        nn.init.zeros_(self.read.bias)

    def forward(self, maps: Sequence[Tensor], points: Tensor, side: int) -> Tensor:
        """maps : (B, C, S, S) each of its own grid over the crop; points : (B, P, 2) crop pixels;
        side : of the crop."""
        features = at_points(maps, points, side)
        return self.read(self.norm(F.relu(self.squeeze(features)).flatten(1)))


def at_points(maps: Sequence[Tensor], points: Tensor, side: int) -> Tensor:
    """(B, P, C) what maps (B, C, S, S) hold at points (B, P, 2), between their cells' centres."""
    grid = (points * (2 / side) - 1).unsqueeze(1)
    seen = [F.grid_sample(m, grid, padding_mode="border", align_corners=False) for m in maps]
    return torch.cat(seen, dim=1).squeeze(2).transpose(1, 2)
