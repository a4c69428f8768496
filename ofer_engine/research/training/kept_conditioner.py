"""A conditioner kept small between two trainings: what is trained as bytes, the rest exactly.

Training goes on from it at once (`packs/byte_weights` reads it), and averages the rounding away.
"""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from ...packs.byte_weights import as_bytes


def keep(network: nn.Module, file: Path) -> None:
    """Write a network's weights: trained ones as bytes, frozen ones as the float16 that they came
    from, buffers as they are."""
    parameters = dict(network.named_parameters())
    kept: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        if name not in parameters:
            kept[name] = value.contiguous().clone()
        elif parameters[name].requires_grad:
            kept |= {key: each.contiguous().clone() for key, each in as_bytes(name, value).items()}
        else:
            kept[name] = value.half().contiguous().clone()
    save_file(kept, file)
