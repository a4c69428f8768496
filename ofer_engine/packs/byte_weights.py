"""Weights kept as bytes: whole numbers from -127 to 127, and a scale for every 32 of them.

Little more than half as large as float16. A tensor NAME of int8 has NAME.scale beside it, one
float16 number for each 32 neighbours in memory; the products are the weights. Everything else in a
file is a weight as it stands, so that files of earlier packs are read as before. One scale for a
row of thousands of weights rounds 2.5 times as coarsely (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

SCALE: Final = ".scale"
_GROUP: Final = 32
_MOST: Final = 127
_LEAST: Final = 4096
"""Tensors of fewer numbers stay float16: their bytes would cost nothing less."""
_SMALLEST: Final = 2.0**-24
"""The smallest float16 above zero."""


def as_bytes(name: str, weight: Tensor) -> dict[str, Tensor]:
    """A trained weight as it is kept, under its name: int8 of its shape, with the scale of every
    32 of them, float16, beside it; or float16 of its shape where it is small or a vector.
    """
    if weight.ndim < 2 or weight.numel() < _LEAST:
        return {name: weight.half()}
    groups = F.pad(weight.float().flatten(), (0, -weight.numel() % _GROUP)).view(-1, _GROUP)
    scale = (groups.abs().amax(dim=1) / _MOST).clamp_min(_SMALLEST).half()
    steps = (groups / scale.float()[:, None]).round().clamp(-_MOST, _MOST).to(torch.int8)
    return {name: steps.flatten()[: weight.numel()].view(weight.shape), name + SCALE: scale}


def as_weights(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 weights by name, of what a file holds; whole numbers other than bytes stay.

    Raises ValueError for bytes without scales that fit them.
    """
    scales = {name + SCALE for name, values in stored.items() if values.dtype == torch.int8}
    weights: dict[str, Tensor] = {}
    for name, values in stored.items():
        if name in scales:
            continue
        if values.dtype == torch.int8:
            weights[name] = _product(name, values, stored.get(name + SCALE))
        else:
            weights[name] = values.float() if values.is_floating_point() else values
    return weights


def _product(name: str, values: Tensor, scale: Tensor | None) -> Tensor:
    groups = -(-values.numel() // _GROUP)
    if scale is None or scale.dtype != torch.float16 or scale.shape != (groups,):
        raise ValueError(f"{name} has no scales that fit")
    each = scale.float().repeat_interleave(_GROUP)[: values.numel()]
    return values.float() * each.view(values.shape)
