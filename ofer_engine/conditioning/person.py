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

from ..contract.hint_places import HINTS, places
from ..contract.records import Hints

EXTRA: Final = 1 + 2 * len(HINTS)
"""Entries that follow the pooled context: how many photos it is worth, hints, their flags."""


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
    return torch.from_numpy(places(hints)[None]).float()


def signed(context: Tensor) -> Tensor:
    """(B, 2 D): a context (B, D) and its negative.

    OFER's denoiser passes its context through SiLU, which flattens negative numbers; of the two
    together nothing is lost.
    """
    return torch.cat([context, -context], dim=1)


def unsigned(context: Tensor) -> Tensor:
    """(B, D): the context (B, D) of what `signed` made of it."""
    return context[:, : context.shape[1] // 2]
