"""A residual convolutional trunk that keeps detail: 64 x 64 cells first, 4 x 4 at the end.

The packaged landmark trunk has a tenth of a million weights; what tells two faces apart needs
more. Plain 3 x 3 residual blocks with batch norm (He et al. 2016), because their products are what
a CPU's matrix units do fastest, in bfloat16 as well.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

CELLS = 4
"""Side of the grid that a 128 px crop ends in."""
_STEM = 32
_STAGES = ((32, 1), (64, 2), (128, 2), (256, 2), (384, 1))
_MAPS = (1, 2)
"""Stages whose maps are given out."""


class DetailTrunk(nn.Sequential):
    """(B, 3, 128, 128) → (B, `channels`, 4, 4), and the maps of 32 and 16 cells on the way."""

    channels = _STAGES[-1][0]
    map_channels = sum(_STAGES[stage][0] for stage in _MAPS)

    def __init__(self) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(3, _STEM, 5, 2, 2, bias=False),
            nn.BatchNorm2d(_STEM),
            nn.ReLU(inplace=True),
        ]
        before, ends = _STEM, []
        for stage, (width, blocks) in enumerate(_STAGES):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(Block(before, width, stride))
                before = width
            if stage in _MAPS:
                ends.append(len(layers))
        super().__init__(*layers)
        self._map_ends = ends

    def forward(self, crops: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps: list[Tensor] = []
        for number, layer in enumerate(self, 1):
            crops = layer(crops)
            if number in self._map_ends:
                maps.append(crops)
        return crops, maps


class Block(nn.Module):
    """(B, before, S, S) → (B, width, S / stride, S / stride), what comes in plus what is learnt."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.skip: nn.Module = nn.Identity()
        if stride > 1 or before != width:
            self.skip = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, cells: Tensor) -> Tensor:
        inner = F.relu(self.first_norm(self.first(cells)), inplace=True)
        return F.relu(self.skip(cells) + self.second_norm(self.second(inner)), inplace=True)
