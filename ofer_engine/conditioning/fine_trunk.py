"""A shallow trunk over the crop at its full sharpness: lids, lips and nostrils at a millimetre.

The trunks that see the whole face look at 128 pixels, 1.6 mm each. What the last look reads at the
points found comes from here: two small maps, of 96 and 48 cells for a crop of 192 pixels, which a
CPU computes in a few milliseconds.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .detail_trunk import Block

_STEM = 24
_WIDTH = 48


class FineTrunk(nn.Module):
    """(B, 3, S, S) → maps (B, 24, S / 2, S / 2) and (B, 48, S / 4, S / 4)."""

    map_channels = _STEM + _WIDTH

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _STEM, 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(_STEM)
        self.down = Block(_STEM, _WIDTH, 2)
        self.further = Block(_WIDTH, _WIDTH, 1)

    def forward(self, crops: Tensor) -> list[Tensor]:
        near = F.relu(self.stem_norm(self.stem(crops)))
        return [near, self.further(self.down(near))]
