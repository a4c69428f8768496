"""What a pack's networks are told about synthetic crops: the one place that knows how."""

from __future__ import annotations

import torch
from torch import Tensor

from ...conditioning.evidence import Evidence
from ...packs.open_pack import OpenPack
from ...packs.pack import Contexts


@torch.inference_mode()
def read_crops(pack: OpenPack, crops: Tensor) -> tuple[Evidence, Contexts]:
    """What photos show and tell, each by itself and without hints, a row for each.

    crops : (B, 3, 128, 128) in 0..1.
    """
    read = pack.read(crops.to(pack.device))
    return read, pack.tell_apart(pack.networks.conditioner.context(read))


def row(told: Contexts, number: int) -> Contexts:
    """What is told of one of the people."""
    own = slice(number, number + 1)
    return Contexts(told.identity[own], told.ranking[own], told.expression[own])
