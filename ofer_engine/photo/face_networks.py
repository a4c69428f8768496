"""The two packaged face networks as plain modules: BlazeFace finds faces, FaceMesh lays 468 points.

Structure read from `face_detection_short_range.tflite` and `face_landmark.tflite` (MediaPipe
0.10.21, Apache-2.0); the weights in `weights/faces` are those files' own float16 numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DETECTOR_SIZE = 128
LANDMARK_SIZE = 192
LANDMARK_COUNT = 468
ANCHOR_VALUES = 16


class HalvingConv2d(nn.Conv2d):
    """A stride-2 convolution that pads right and bottom first, as TensorFlow's SAME does."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=2, groups=groups)
        before = (kernel - 2) // 2
        after = kernel - 2 - before
        self.margins = (before, after, before, after)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, self.margins))


class DepthwiseBlock(nn.Module):
    """Depthwise 3x3, pointwise 1x1, the shortcut added, then the activation.

    A halving block pools its shortcut; a widening one fills the new channels of its shortcut with
    zeros.
    """

    def __init__(
        self, inputs: int, outputs: int, activation: Callable[[int], nn.Module], halve: bool = False
    ) -> None:
        super().__init__()
        self.halve = halve
        self.extra_channels = outputs - inputs
        if halve:
            self.depthwise: nn.Conv2d = HalvingConv2d(inputs, inputs, 3, groups=inputs)
        else:
            self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.activation = activation(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x : (B, inputs, H, W) → (B, outputs, H, W), or half of H and W."""
        shortcut = F.max_pool2d(x, 2) if self.halve else x
        if self.extra_channels:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self.extra_channels))
        return self.activation(shortcut + self.pointwise(self.depthwise(x)))


class LandmarkTrunk(nn.Module):
    """FaceMesh up to the tensor that its landmark and presence heads share.

    Five stages; each halves the picture, so `stages[0]` works at H/2 and `stages[4]` at H/32.
    """

    CHANNELS = 128
    STAGE_CHANNELS = (16, 32, 64, 128, 128)

    def __init__(self) -> None:
        super().__init__()
        first = self.STAGE_CHANNELS[0]
        stem = nn.Sequential(HalvingConv2d(3, first, 3), nn.PReLU(first))
        stages = [nn.Sequential(stem, *(DepthwiseBlock(first, first, nn.PReLU) for _ in range(2)))]
        for inputs, outputs in pairwise(self.STAGE_CHANNELS):
            stages.append(
                nn.Sequential(
                    DepthwiseBlock(inputs, outputs, nn.PReLU, halve=True),
                    *(DepthwiseBlock(outputs, outputs, nn.PReLU) for _ in range(2)),
                )
            )
        self.stages = nn.Sequential(*stages)

    def forward(self, pictures: Tensor) -> Tensor:
        """pictures : (B, 3, H, W) float32 RGB in 0..1, H and W multiples of 32
        → (B, 128, H/32, W/32). Without frozen stages, gradients reach every parameter."""
        return self.stages(pictures)

    def freeze(self, stage_count: int) -> None:
        """Stop training the first `stage_count` stages; autograd then records nothing of them."""
        for stage in list(self.stages)[:stage_count]:
            stage.requires_grad_(False)


class LandmarkNetwork(nn.Module):
    """FaceMesh: 468 points of the face in a 192 px crop, and whether a face is there at all."""

    def __init__(self) -> None:
        super().__init__()
        width = LandmarkTrunk.CHANNELS
        self.trunk = LandmarkTrunk()
        self.landmarks = nn.Sequential(
            DepthwiseBlock(width, width, nn.PReLU, halve=True),
            DepthwiseBlock(width, width, nn.PReLU),
            DepthwiseBlock(width, width, nn.PReLU),
            *self._head(width, LANDMARK_COUNT * 3),
        )
        self.presence = nn.Sequential(
            DepthwiseBlock(width, width, nn.PReLU, halve=True), *self._head(width, 1)
        )

    @staticmethod
    def _head(width: int, outputs: int) -> tuple[nn.Module, ...]:
        return (
            nn.Conv2d(width, 32, 1),
            nn.PReLU(32),
            DepthwiseBlock(32, 32, nn.PReLU),
            nn.Conv2d(32, outputs, 3),
        )

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """crops : (B, 3, 192, 192) float32 RGB in 0..1.

        → landmarks (B, 468, 3) in crop pixels (z grows away from the viewer, same scale as x) and
        the presence logit (B,).
        """
        features = self.trunk(crops)  # (B, 128, 6, 6)
        landmarks = self.landmarks(features).reshape(-1, LANDMARK_COUNT, 3)
        return landmarks, self.presence(features).reshape(-1)


class DetectorNetwork(nn.Module):
    """BlazeFace, short range: a score and a box with six keypoints at each of 896 anchors."""

    FINE_CHANNELS = (24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88)
    COARSE_CHANNELS = (88, 96, 96, 96, 96, 96)
    HALVING = frozenset({(28, 32), (42, 48), (88, 96)})

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(HalvingConv2d(3, self.FINE_CHANNELS[0], 5), nn.ReLU())
        self.fine = self._blocks(self.FINE_CHANNELS)
        self.coarse = self._blocks(self.COARSE_CHANNELS)
        fine, coarse = self.FINE_CHANNELS[-1], self.COARSE_CHANNELS[-1]
        self.fine_scores = nn.Conv2d(fine, 2, 1)
        self.coarse_scores = nn.Conv2d(coarse, 6, 1)
        self.fine_boxes = nn.Conv2d(fine, 2 * ANCHOR_VALUES, 1)
        self.coarse_boxes = nn.Conv2d(coarse, 6 * ANCHOR_VALUES, 1)

    @classmethod
    def _blocks(cls, channels: tuple[int, ...]) -> nn.Sequential:
        return nn.Sequential(
            *(
                DepthwiseBlock(a, b, lambda _: nn.ReLU(), halve=(a, b) in cls.HALVING)
                for a, b in pairwise(channels)
            )
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """pictures : (B, 3, 128, 128) float32 RGB in -1..1.

        → score logits (B, 896) and boxes (B, 896, 16): centre x, y, width, height, then x, y of
        right eye, left eye, nose tip, mouth, right and left ear; pixels, relative to the anchor.
        """
        fine = self.fine(self.stem(pictures))  # (B, 88, 16, 16)
        coarse = self.coarse(fine)  # (B, 96, 8, 8)
        scores = (
            _per_anchor(self.fine_scores(fine), 1),
            _per_anchor(self.coarse_scores(coarse), 1),
        )
        boxes = (
            _per_anchor(self.fine_boxes(fine), ANCHOR_VALUES),
            _per_anchor(self.coarse_boxes(coarse), ANCHOR_VALUES),
        )
        return torch.cat(scores, 1)[..., 0], torch.cat(boxes, 1)


def anchor_centres() -> Tensor:
    """→ (896, 2) float32, pixels of the 128 px picture: where each anchor of the detector sits.

    Two anchors in each cell of a 16 x 16 grid, then six in each cell of an 8 x 8 grid.
    """
    grids = []
    for cells, anchors in ((16, 2), (8, 6)):
        steps = (torch.arange(cells, dtype=torch.float32) + 0.5) * (DETECTOR_SIZE / cells)
        y, x = torch.meshgrid(steps, steps, indexing="ij")
        grids.append(torch.stack((x, y), -1).reshape(-1, 2).repeat_interleave(anchors, 0))
    return torch.cat(grids)


def _per_anchor(grid: Tensor, values: int) -> Tensor:
    """(B, anchors*values, H, W) → (B, H*W*anchors, values), in the order of `anchor_centres`."""
    return grid.permute(0, 2, 3, 1).reshape(grid.shape[0], -1, values)
