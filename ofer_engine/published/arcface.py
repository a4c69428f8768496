"""ArcFace's encoder: who a face is, as 512 numbers (iresnet100; docs/method.md §3).

Attribute names are the published state dict's keys, so that a checkpoint loads strictly as it is.
"""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn
from torch.nn import functional as F

FEATURES: Final = 512
_STAGES: Final = ((64, 3), (128, 13), (256, 30), (512, 3))
_SIDE: Final = 7
"""Cells along a side after the four halvings of a 112-pixel crop."""


class ArcFace(nn.Module):
    """iresnet100 of insightface, as OFER's checkpoints carry it, fine-tuned, three times."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        width = 64
        for number, (out, blocks) in enumerate(_STAGES, 1):
            stage = [
                _Block(width if i == 0 else out, out, 2 if i == 0 else 1) for i in range(blocks)
            ]
            self.add_module(f"layer{number}", nn.Sequential(*stage))
            width = out
        self.bn2 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width * _SIDE**2, FEATURES)
        self.features = nn.BatchNorm1d(FEATURES)

    def forward(self, blobs: Tensor, final_norm: bool) -> Tensor:
        """Features of aligned crops, not normalised to length one.

        blobs : (B, 3, 112, 112) float32 in -1..1, channels as the weights were trained (published
        demo: BGR, §4); final_norm : apply the last batch norm. The published code leaves it out
        when B is 1; its IdGen and ExpGen see one photo tiled to 100 rows (with), its IdRank one row
        (without). Returns (B, 512) float32.
        """
        x = self.prelu(self.bn1(self.conv1(blobs)))
        for number in range(1, len(_STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        x = self.fc(self.bn2(x).flatten(1))
        return self.features(x) if final_norm else x


class _Block(nn.Module):
    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(width_in)
        self.conv1 = nn.Conv2d(width_in, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.prelu = nn.PReLU(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.downsample = (
            nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))
            if stride != 1 or width_in != width
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return hidden + (x if self.downsample is None else self.downsample(x))


def identity_embedding(arcface: ArcFace, blobs: Tensor, final_norm: bool) -> Tensor:
    """ArcFace features of length one, as OFER conditions on them. Returns (B, 512) float32."""
    return F.normalize(arcface(blobs, final_norm), dim=1)
