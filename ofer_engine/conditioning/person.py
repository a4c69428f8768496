"""The contexts of the open pack's networks: photos pooled, their number, hints.

A photo's context (`EvidenceNetwork.context`) says what one picture shows. Several pictures of one
person are pooled by how sure each is; an artist's hints follow, each with a flag that says whether
it was given. In training every photo is met alone and with others of its person, and hints come and
go, so that whatever is left out is left to the photo.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ..contract.records import Hints

HINTS: Final = ("age", "sex", "build")
"""Names in the order of the hint axes; fields of `contract.records.Hints`."""
EXTRA: Final = 1 + 2 * len(HINTS)
"""Entries that follow the pooled context: how many photos it is worth, hints, their flags."""
_MIDDLE: Final = {"age": (40.0, 20.0), "sex": (0.5, -1 / 3), "build": (0.5, 0.25)}
"""Value that means the average head, and how far from it a standard deviation is. The axes are
MakeHuman's sliders (sex rises towards female); where on them a year lies is our convention."""
_FARTHEST: Final = 2.5


def pooled(contexts: Tensor, doubt: Tensor) -> Tensor:
    """(B, C + 1): photos weighted by their certainty, and the log of how many they are worth.

    contexts : (B, M, C); doubt : (B, M) mean log variance of each photo's points, +inf where there
    is no photo.
    """
    weights = torch.softmax(-doubt, dim=1)
    worth = -weights.square().sum(dim=1, keepdim=True).log()
    return torch.cat([(weights[:, :, None] * contexts).sum(dim=1), worth], dim=1)


def with_hints(context: Tensor, values: Tensor) -> Tensor:
    """(B, C + 1 + 6): the pooled context (B, C + 1) with hints (B, 3), NaN where none is given."""
    given = ~values.isnan()
    return torch.cat([context, values.nan_to_num(0.0), given.to(context)], dim=1)


def hint_values(hints: Hints) -> Tensor:
    """(1, 3) places on the hint axes in standard deviations, NaN where none is given."""
    row = []
    for name in HINTS:
        value = getattr(hints, name)
        middle, deviation = _MIDDLE[name]
        place = float("nan") if value is None else (value - middle) / deviation
        row.append(place if value is None else max(-_FARTHEST, min(_FARTHEST, place)))
    return torch.tensor([row], dtype=torch.float32)


def signed(context: Tensor) -> Tensor:
    """(B, 2 D): a context (B, D) and its negative.

    OFER's denoiser passes its context through SiLU, which flattens negative numbers; of the two
    together nothing is lost.
    """
    return torch.cat([context, -context], dim=1)


def unsigned(context: Tensor) -> Tensor:
    """(B, D): the context (B, D) of what `signed` made of it."""
    return context[:, : context.shape[1] // 2]
