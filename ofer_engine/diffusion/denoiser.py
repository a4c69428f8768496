"""OFER's denoising U-Net over a vector of face coefficients (docs/method.md §6).

Every "convolution" of the published network sees a sequence of length one, so it is a product;
every group norm has one group, so it is a layer norm. Conditioning enters only as the scale and
shift of the residual blocks, called a modulation here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TIME_WIDTH = 512
HEADS = 4
HEAD_WIDTH = 32
NORM_EPS = 1e-5

Modulation = tuple[Tensor, Tensor]
"""(gain, shift) of one residual block, each (B or 1, width) float32; the gain is scale + 1."""


@dataclass(frozen=True)
class DenoiserShape:
    """Sizes of a denoiser.

    Published (docs/method.md §6): IdGen (300, 512, (300, 50, 10)), ExpGen (53, 1024, (53, 25, 10)).
    coefficients : length of the data vector; context : length of the conditioning vector;
    widths : of the levels, outermost first, at least two; projections : attention's views of its
    vector.
    """

    coefficients: int
    context: int
    widths: tuple[int, ...]
    projections: int = 16


class Denoiser(nn.Module):
    """Predicts the noise in noisy coefficients, given the noise level and a photo's context.

    The attention projections are parameters like all others, as the paper means; the published code
    kept them outside the module, so that they were never trained nor saved (docs/method.md §0.1).
    """

    def __init__(self, shape: DenoiserShape) -> None:
        super().__init__()
        self.shape = shape
        widths, outer = shape.widths, shape.widths[0]
        pairs = list(zip(widths[:-1], widths[1:], strict=True))
        self.first = nn.Linear(shape.coefficients, outer)
        self.time = nn.Sequential(
            nn.Linear(TIME_WIDTH, TIME_WIDTH), nn.GELU(), nn.Linear(TIME_WIDTH, TIME_WIDTH)
        )
        self.downs = nn.ModuleList([_Down(wide, narrow, shape) for wide, narrow in pairs])
        self.middle = _Middle(widths[-1], shape)
        self.ups = nn.ModuleList([_Up(narrow, wide, shape) for wide, narrow in reversed(pairs)])
        self.last_block = ResidualBlock(2 * outer, outer, shape.context)
        self.last_attention = Attention(outer, shape.projections)
        self.last = nn.Linear(outer, shape.coefficients)

    def forward(self, x: Tensor, timestep: int | Tensor, context: Tensor) -> Tensor:
        """Predicted noise of x.

        x : (B, D) float32, any B from 1; timestep : one level or (B,) int64; context : (B, C) or
        (1, C) float32. Returns (B, D) float32. Rows do not influence one another.
        """
        if not isinstance(timestep, Tensor):
            timestep = torch.tensor([timestep], device=x.device)
        time = self.time(time_embedding(timestep))
        rows = max(len(time), len(context))
        signal = torch.cat([time.expand(rows, -1), context.expand(rows, -1)], 1)
        signal = F.silu(signal)
        return self.denoise(x, [modulation(block.embed(signal)) for block in self.blocks()])

    def denoise(self, x: Tensor, modulations: Sequence[Modulation]) -> Tensor:
        """The network behind its conditioning: x (B, D) and one modulation a block, in `blocks()`
        order.
        """
        following = iter(modulations)
        x = first = self.first(x)
        skips: list[Tensor] = []
        for down in self.downs:
            x = down(x, following, skips)
        x = self.middle(x, following)
        for up in self.ups:
            x = up(x, following, skips)
        x = self.last_block(torch.cat([x, first], 1), *next(following))
        return self.last(self.last_attention(x))

    def blocks(self) -> list[ResidualBlock]:
        """The residual blocks in the order in which they run."""
        return [module for module in self.modules() if isinstance(module, ResidualBlock)]


class ResidualBlock(nn.Module):
    """Two normalised layers, the first modulated by time and context, beside a skip."""

    def __init__(self, width_in: int, width_out: int, context: int) -> None:
        super().__init__()
        self.embed = nn.Linear(TIME_WIDTH + context, 2 * width_out)
        self.layer1 = nn.Linear(width_in, width_out)
        self.norm1 = nn.LayerNorm(width_out, eps=NORM_EPS)
        self.layer2 = nn.Linear(width_out, width_out)
        self.norm2 = nn.LayerNorm(width_out, eps=NORM_EPS)
        self.skip = nn.Identity() if width_in == width_out else nn.Linear(width_in, width_out)

    def forward(self, x: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
        """x : (B, width_in); gain, shift : (B or 1, width_out). Returns (B, width_out)."""
        hidden = F.silu(torch.addcmul(shift, self.norm1(self.layer1(x)), gain))
        return F.silu(self.norm2(self.layer2(hidden))) + self.skip(x)


class Attention(nn.Module):
    """Residual attention of a vector over `projections` views of itself (docs/method.md §6.1).

    The views of one vector are the tokens, then mixed into one. Mixing is linear, so it is done
    before the output product, not after it as published: one product a vector instead of one a
    token.
    """

    def __init__(self, width: int, projections: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        # [query/key/value, head, token, channel, width]: each third is one product with no copy
        # after it.
        self.views = nn.Parameter(torch.empty(3, HEADS, projections, HEAD_WIDTH, width))
        self.out = nn.Linear(HEADS * HEAD_WIDTH, width)
        self.mix = nn.Linear(projections, 1)
        nn.init.uniform_(self.views, -(width**-0.5), width**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """x : (B, width) float32. Returns the same shape."""
        batch, width = x.shape
        unit = F.normalize(x, dim=1) * (self.gain * math.sqrt(width))
        tokens = self.views.shape[2]
        query, key, value = (
            F.linear(unit, third.reshape(-1, width)).view(batch * HEADS, tokens, HEAD_WIDTH)
            for third in self.views
        )
        weights = torch.bmm(query * HEAD_WIDTH**-0.5, key.transpose(1, 2)).softmax(-1)
        mixed = torch.bmm(torch.matmul(self.mix.weight, weights), value)  # (B * heads, 1, channel)
        bias = self.mix.weight.sum() * self.out.bias + self.mix.bias
        return x + F.linear(mixed.view(batch, -1), self.out.weight, bias)


def time_embedding(timestep: Tensor) -> Tensor:
    """Sines and cosines of levels (B,) int64, which may be -1. Returns (B, TIME_WIDTH) float32."""
    half = TIME_WIDTH // 2
    index = torch.arange(half, device=timestep.device)
    frequency = torch.exp(index * (-math.log(10000.0) / (half - 1)))
    angle = timestep[:, None] * frequency[None, :]
    return torch.cat([angle.sin(), angle.cos()], 1)


def modulation(embedded: Tensor) -> Modulation:
    """A block's embedding (B, 2 * width) as gain and shift."""
    scale, shift = embedded.chunk(2, 1)
    return scale + 1.0, shift


class _Down(nn.Module):
    def __init__(self, wide: int, narrow: int, shape: DenoiserShape) -> None:
        super().__init__()
        self.block1 = ResidualBlock(wide, wide, shape.context)
        self.block2 = ResidualBlock(wide, wide, shape.context)
        self.attention = Attention(wide, shape.projections)
        self.resample = _resample(wide, narrow)

    def forward(self, x, following, skips):
        x = self.block1(x, *next(following))
        skips.append(x)
        x = self.attention(self.block2(x, *next(following)))
        skips.append(x)
        return self.resample(x)


class _Middle(nn.Module):
    def __init__(self, width: int, shape: DenoiserShape) -> None:
        super().__init__()
        self.block1 = ResidualBlock(width, width, shape.context)
        self.attention = Attention(width, shape.projections)
        self.block2 = ResidualBlock(width, width, shape.context)

    def forward(self, x, following):
        x = self.attention(self.block1(x, *next(following)))
        return self.block2(x, *next(following))


class _Up(nn.Module):
    def __init__(self, narrow: int, wide: int, shape: DenoiserShape) -> None:
        super().__init__()
        self.resample = _resample(narrow, wide)
        self.block1 = ResidualBlock(2 * wide, wide, shape.context)
        self.block2 = ResidualBlock(2 * wide, wide, shape.context)
        self.attention = Attention(wide, shape.projections)

    def forward(self, x, following, skips):
        x = self.resample(x)
        x = self.block1(torch.cat([x, skips.pop()], 1), *next(following))
        x = self.block2(torch.cat([x, skips.pop()], 1), *next(following))
        return self.attention(x)


def _resample(width_in: int, width_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width_in, width_in), nn.SiLU(), nn.Linear(width_in, width_out))
