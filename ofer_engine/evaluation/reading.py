"""What a pack's networks are told about synthetic crops: the one place that knows how."""

from __future__ import annotations

import torch
from torch import Tensor

from ..packs.open_pack import OpenPack
from ..packs.pack import Contexts


@torch.inference_mode()
def read_crops(pack: OpenPack, crops: Tensor) -> list[Contexts]:
    """What photos tell by themselves, without hints. crops : (B, 3, 128, 128) in 0..1."""
    conditioner = pack.networks.conditioner
    crops = crops.to(pack.device).contiguous(memory_format=torch.channels_last)
    told = conditioner.context(conditioner(crops))
    return [Contexts(row, row, row) for row in told.split(1)]
