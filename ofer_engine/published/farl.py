"""FaRL's encoder: how a face looks, as 512 numbers (the visual tower of CLIP ViT-B/16; OFER spec
§5).

Attribute names are the published state dict's keys below `visual.`; the text tower is not used.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES: Final = 512
SIDE: Final = 224
_WIDTH: Final = 768
_PATCH: Final = 16
_LAYERS: Final = 12
_HEADS: Final = 12
_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION: Final = (0.26862954, 0.26130258, 0.27577711)


class Farl(nn.Module):
    """CLIP's image transformer; each OFER checkpoint that uses it carries its own, fine-tuned."""

    def __init__(self) -> None:
        super().__init__()
        tokens = (SIDE // _PATCH) ** 2 + 1
        self.conv1 = nn.Conv2d(3, _WIDTH, _PATCH, _PATCH, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(_WIDTH))
        self.positional_embedding = nn.Parameter(torch.zeros(tokens, _WIDTH))
        self.ln_pre = nn.LayerNorm(_WIDTH)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList([_Block() for _ in range(_LAYERS)])
        self.ln_post = nn.LayerNorm(_WIDTH)
        self.proj = nn.Parameter(torch.zeros(_WIDTH, FEATURES))

    def forward(self, pictures: Tensor) -> Tensor:
        """pictures : (B, 3, 224, 224) float32 from `preprocess`. Returns (B, 512) float32, raw."""
        patches = self.conv1(pictures).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(patches), 1, -1), patches], 1)
        x = self.ln_pre(x + self.positional_embedding)
        for block in self.get_submodule("transformer.resblocks").children():
            x = block(x)
        return self.ln_post(x[:, 0]) @ self.proj


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(_WIDTH)
        self.attn = nn.MultiheadAttention(_WIDTH, _HEADS, batch_first=True)
        self.ln_2 = nn.LayerNorm(_WIDTH)
        self.mlp = nn.Sequential(
            OrderedDict(
                c_fc=nn.Linear(_WIDTH, 4 * _WIDTH),
                gelu=_QuickGelu(),
                c_proj=nn.Linear(4 * _WIDTH, _WIDTH),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """x : (B, tokens, width). Returns the same shape."""
        batch, tokens, _ = x.shape
        fused = F.linear(self.ln_1(x), self.attn.in_proj_weight, self.attn.in_proj_bias)
        query, key, value = fused.view(batch, tokens, 3, _HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value)
        x = x + self.attn.out_proj(seen.transpose(1, 2).flatten(2))
        return x + self.mlp(self.ln_2(x))


class _QuickGelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


def preprocess(pixels: np.ndarray) -> Tensor:
    """CLIP's preparation: shorter side to 224 (bicubic), centre crop, normalised channels.

    pixels : (H, W, 3) uint8 RGB. Returns (3, 224, 224) float32.
    """
    picture = Image.fromarray(pixels)
    width, height = picture.size
    short = min(width, height)
    if short != SIDE:
        # Truncated, not rounded, as torchvision does.
        size = (int(SIDE * width / short), int(SIDE * height / short))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    left = round((picture.width - SIDE) / 2)
    top = round((picture.height - SIDE) / 2)
    crop = np.asarray(picture.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    normal = (torch.from_numpy(crop) - torch.tensor(_MEAN)) / torch.tensor(_DEVIATION)
    return normal.permute(2, 0, 1).contiguous()
