"""Encoders and a denoiser small enough to train in a test."""

import torch

from ofer_engine.diffusion.denoiser import Denoiser, DenoiserShape
from ofer_engine.published.training.networks import Trainee
from ofer_engine.published.training.recipes import Recipe
from ofer_engine.research.training.loop import Precision

RECIPE = Recipe(
    people=4,
    images=2,
    warmup=5,
    noise_draws=4,
    arcface_rate=1e-3,
    farl_rate=1e-3,
    precision=Precision.FLOAT32,
    occluded=0.0,
    occluders=0,
    average=0.9,
)


class TinyArcFace(torch.nn.Module):
    """Named as the real one's trained parts; sees 4 x 4 cells."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 8, 28, 28)
        self.layer4 = torch.nn.Conv2d(8, 8, 1)
        self.bn2 = torch.nn.BatchNorm2d(8)
        self.fc = torch.nn.Linear(8 * 16, 512)
        self.features = torch.nn.BatchNorm1d(512)

    def forward(self, blobs, final_norm):
        x = self.fc(self.bn2(self.layer4(self.conv1(blobs).tanh())).flatten(1))
        return self.features(x) if final_norm else x


class TinyFarl(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 56, 56)
        self.proj = torch.nn.Linear(8 * 16, 512)

    def forward(self, pictures):
        return self.proj(self.conv(pictures).tanh().flatten(1))


def tiny_trainee(
    coefficients: int = 300, farl: bool = False, widths: tuple[int, ...] = (24, 8), **options
) -> Trainee:
    """Always the same one."""
    torch.manual_seed(1)
    shape = DenoiserShape(coefficients, 1024 if farl else 512, widths, projections=2)
    return Trainee(Denoiser(shape), TinyArcFace(), TinyFarl() if farl else None, **options)
