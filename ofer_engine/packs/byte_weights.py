"""Weights kept as bytes: each row of a matrix as whole numbers from -127 to 127 and one scale.

Half as large as float16. A tensor NAME of int8 has NAME.scale beside it, float32 of as many
dimensions, 1 where a scale serves a whole row; their product is the weight. Everything else in a
file is a weight as it stands, so that files of earlier packs are read as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

SCALE: Final = ".scale"
_MOST: Final = 127
_LEAST: Final = 4096
"""Tensors of fewer numbers stay float16: their bytes would cost nothing less."""
_MATRIX: Final = 2
_CONVOLUTION: Final = 4


def as_bytes(name: str, weight: Tensor) -> dict[str, Tensor]:
    """A trained weight as it is kept: bytes and their scales, or float16 where it is small.

    A row is what makes one output of a linear layer or convolution; of a tensor of more
    dimensions, a vector along the last.
    """
    if weight.ndim < _MATRIX or weight.numel() < _LEAST:
        return {name: weight.half()}
    row = range(1, weight.ndim) if weight.ndim <= _CONVOLUTION else (weight.ndim - 1,)
    exact = weight.float()
    scale = exact.abs().amax(dim=tuple(row), keepdim=True).clamp_min(1e-12) / _MOST
    return {name: (exact / scale).round().to(torch.int8), name + SCALE: scale}


def as_weights(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 weights by name, of what a file holds; whole numbers other than bytes stay.

    Raises ValueError for bytes without scales that fit them.
    """
    scales = {
        name + SCALE: _checked(name, values, stored.get(name + SCALE))
        for name, values in stored.items()
        if values.dtype == torch.int8
    }
    weights: dict[str, Tensor] = {}
    for name, values in stored.items():
        if name in scales:
            continue
        if values.dtype == torch.int8:
            weights[name] = values.float() * scales[name + SCALE]
        else:
            weights[name] = values.float() if values.is_floating_point() else values
    return weights


def _checked(name: str, values: Tensor, scale: Tensor | None) -> Tensor:
    fits = scale is not None and scale.dtype == torch.float32 and scale.ndim == values.ndim
    if scale is None or not fits:
        raise ValueError(f"{name} has no scales")
    if any(had not in (1, wanted) for had, wanted in zip(scale.shape, values.shape, strict=True)):
        raise ValueError(f"{name} has scales of another shape")
    return scale
