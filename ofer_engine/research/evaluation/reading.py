"""The contexts of synthetic crops: the one place that knows how a pack makes them."""

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
    read = pack.read_photos(crops.to(pack.device))
    return read, pack.single_photo_contexts(pack.networks.conditioner.context(read))


def row(contexts: Contexts, number: int) -> Contexts:
    """The contexts of one of the people."""
    own = slice(number, number + 1)
    return Contexts(contexts.identity[own], contexts.ranking[own], contexts.expression[own])
