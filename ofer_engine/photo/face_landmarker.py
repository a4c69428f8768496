"""The newer face landmarker as plain modules: 478 points with irises, and 52 weights of units.

Structure read from `face_landmarks_detector.tflite` and `face_blendshapes.tflite`, which Google's
`face_landmarker.task` holds (Apache-2.0); which landmarks are read and how the weights are called
is in MediaPipe's `face_blendshapes_graph.cc`. `research/face_networks/face_landmarker_build` makes
both networks' weights; weights/faces holds those of the first, which `lids` reads with.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..contract.arkit import ARKIT_52
from .face_networks import HalvingConv2d

LANDMARKER_SIZE: Final = 256
LANDMARKER_COUNT: Final = 478
"""The 468 of the older network in their order, then five of each iris: right eye first, each the
middle, then right, top, left and bottom of its border."""
LANDMARKER_MARGIN: Final = 1.5
"""Side of the crop over the extent of the landmarks, eyes level (`align.aligned_crop`)."""

# fmt: off
UNIT_LANDMARKS: Final = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65,
    66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144,
    145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173,
    176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284,
    285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332,
    334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478),
)
UNITS: Final = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft",
    "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft",
    "noseSneerRight",
)
"""What the 52 weights of `UnitNetwork` are called: all of ARKit's but tongueOut, and how much it
takes the face for an unmoved one."""
# fmt: on


class BottleneckBlock(nn.Module):
    """Narrow, depthwise 3x3, widen, the shortcut added; a PReLU after the first and the last.

    A halving block narrows by a 2x2 step and pools its shortcut; a widening one fills the new
    channels of its shortcut with zeros.
    """

    def __init__(self, inputs: int, middle: int, outputs: int, halve: bool = False) -> None:
        super().__init__()
        self.halve = halve
        self.extra_channels = outputs - inputs
        step = 2 if halve else 1
        self.narrow = nn.Conv2d(inputs, middle, step, stride=step)
        self.narrow_activation = nn.PReLU(middle)
        self.depthwise = nn.Conv2d(middle, middle, 3, padding=1, groups=middle)
        self.widen = nn.Conv2d(middle, outputs, 1)
        self.activation = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x : (B, inputs, H, W) → (B, outputs, H, W), or half of H and W."""
        shortcut = F.max_pool2d(x, 2) if self.halve else x
        if self.extra_channels:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self.extra_channels))
        moved = self.narrow_activation(self.narrow(x))
        return self.activation(shortcut + self.widen(self.depthwise(moved)))


class LandmarkerTrunk(nn.Module):
    """The landmarker up to the tensor that its heads share.

    Seven stages; `stages[0]` works at H/2, `stages[6]` at H/128. Their maps are worth a closer look
    (`conditioning/closer_look`): `MAP_CHANNELS` of the first five, which keep places apart.
    """

    STAGE_CHANNELS = (16, 32, 64, 128, 128, 128, 128)
    MAP_CHANNELS = STAGE_CHANNELS[:5]
    _BLOCKS = 4

    def __init__(self) -> None:
        super().__init__()
        first = self.STAGE_CHANNELS[0]
        stem = nn.Sequential(HalvingConv2d(3, first, 3), nn.PReLU(first))
        stages = [nn.Sequential(stem, *self._blocks(first))]
        for inputs, outputs in pairwise(self.STAGE_CHANNELS):
            halving = BottleneckBlock(inputs, outputs // 2, outputs, halve=True)
            stages.append(nn.Sequential(halving, *self._blocks(outputs)))
        self.stages = nn.Sequential(*stages)

    @classmethod
    def _blocks(cls, width: int) -> list[BottleneckBlock]:
        return [BottleneckBlock(width, width // 2, width) for _ in range(cls._BLOCKS)]

    def maps(self, pictures: Tensor) -> list[Tensor]:
        """What each of the seven stages sees. pictures : (B, 3, H, W) float32 RGB in 0..1, H and W
        multiples of 128 → (B, C, H/2, W/2), …, (B, 128, H/128, W/128)."""
        found, seen = [], pictures
        for stage in self.stages:
            seen = stage(seen)
            found.append(seen)
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """As the last of `maps`."""
        return self.stages(pictures)

    def freeze(self, stage_count: int) -> None:
        """Stop training the first `stage_count` stages; autograd then records nothing of them."""
        for stage in list(self.stages)[:stage_count]:
            stage.requires_grad_(False)


class LandmarkerNetwork(nn.Module):
    """478 points of the face in a 256 px crop, and whether a face is there at all."""

    def __init__(self) -> None:
        super().__init__()
        width = LandmarkerTrunk.STAGE_CHANNELS[-1]
        self.trunk = LandmarkerTrunk()
        self.landmarks = nn.Conv2d(width, LANDMARKER_COUNT * 3, 2)
        self.presence = nn.Conv2d(width, 1, 2)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """crops : (B, 3, 256, 256) float32 RGB in 0..1, cut with LANDMARKER_MARGIN.

        → landmarks (B, 478, 3) in crop pixels (z grows away from the viewer, same scale as x) and
        the presence logit (B,).
        """
        features = self.trunk(crops)  # (B, 128, 2, 2)
        landmarks = self.landmarks(features).reshape(-1, LANDMARKER_COUNT, 3)
        return landmarks, self.presence(features).reshape(-1)


class MixerBlock(nn.Module):
    """Mixes tokens, then channels, each beside a shortcut (Tolstikhin et al. 2021)."""

    def __init__(self, tokens: int, channels: int, tokens_wide: int, channels_wide: int) -> None:
        super().__init__()
        self.token_norm = nn.LayerNorm(channels, eps=1e-6, bias=False)
        self.tokens = nn.Sequential(
            nn.Linear(tokens, tokens_wide), nn.ReLU(), nn.Linear(tokens_wide, tokens)
        )
        self.channel_norm = nn.LayerNorm(channels, eps=1e-6, bias=False)
        self.channels = nn.Sequential(
            nn.Linear(channels, channels_wide), nn.ReLU(), nn.Linear(channels_wide, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x : (B, tokens, channels) → the same shape."""
        x = x + self.tokens(self.token_norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.channel_norm(x))


class UnitNetwork(nn.Module):
    """Landmarks → weights of 52 units, whatever their place and size."""

    _POINTS, _CHANNELS = 96, 64
    _SCALE = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Linear(len(UNIT_LANDMARKS), self._POINTS)
        self.places = nn.Linear(2, self._CHANNELS)
        self.blocks = nn.Sequential(
            *(MixerBlock(self._POINTS + 1, self._CHANNELS, 384, 256) for _ in range(4))
        )
        self.weights = nn.Linear(self._CHANNELS, len(UNITS))
        self.token = nn.Parameter(torch.zeros(1, self._CHANNELS))

    def forward(self, landmarks: Tensor) -> Tensor:
        """landmarks : (B, 478, 2 or more), any unit, x right and y down, the eyes level.

        → (B, 52) in 0..1, in the order of UNITS.
        """
        read = landmarks[:, list(UNIT_LANDMARKS), :2]
        read = read - read.mean(dim=1, keepdim=True)
        size = read.norm(dim=2, keepdim=True).mean(dim=1, keepdim=True)
        tokens = self.points((read / size * self._SCALE).transpose(1, 2)).transpose(1, 2)
        token = self.token.expand(len(read), 1, -1)
        mixed = self.blocks(torch.cat([token, self.places(tokens)], dim=1))
        return torch.sigmoid(self.weights(mixed[:, 0]))


_ORDER: Final = [UNITS.index(name) if name in UNITS else -1 for name in ARKIT_52]


def arkit_weights(units: Tensor) -> Tensor:
    """(B, 52) of ARKIT_52, of `units` (B, 52) of UNITS; the tongue is not read, and 0."""
    found = units[:, [max(place, 0) for place in _ORDER]]
    return found * torch.tensor([float(place >= 0) for place in _ORDER]).to(found)
