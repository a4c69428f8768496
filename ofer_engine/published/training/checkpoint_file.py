"""A trained network in the published checkpoints' names, which the importer takes as it takes them.

The trained attention projections are stored too (`to_qkv.N`), as a repaired published trainer
would, so nothing has to be drawn again (docs/method.md §6.4).
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ...diffusion.denoiser import Denoiser
from ...ranking.ranker import Ranker
from ..conversion import TRAINED_HERE
from ..projections import ROWS
from ..published_keys import VIEWS, denoiser_keys, published_attention, ranker_keys
from .networks import Trainee


def write_checkpoint(trainee: Trainee, path: Path, made: str) -> None:
    """Write `net.*`, `arcface.*` and, where there is one, `farl.visual.*` as safetensors.

    made : how it was trained, for the file's metadata, by which the importer knows that it is no
    published file.
    """
    tensors = _network(trainee.network)
    tensors |= {f"arcface.{key}": value for key, value in trainee.arcface.state_dict().items()}
    if trainee.farl is not None:
        farl = trainee.farl.state_dict()
        tensors |= {f"farl.visual.{key}": value for key, value in farl.items()}
    own = {key: value.cpu().contiguous() for key, value in tensors.items()}
    save_file(own, path, metadata={TRAINED_HERE: made})


def _network(network: Denoiser | Ranker) -> dict[str, Tensor]:
    keys = denoiser_keys(network) if isinstance(network, Denoiser) else ranker_keys(network)
    state = network.state_dict()
    tensors = {f"net.{key}": state[name].reshape(shape) for name, (key, shape) in keys.items()}
    for name in state:
        if name.endswith(VIEWS):
            place = published_attention(name)
            for number, projection in enumerate(_projections(state[name])):
                tensors[f"net.{place}.fn.fn.to_qkv.{number}.weight"] = projection
    return tensors


def _projections(views: Tensor) -> tuple[Tensor, ...]:
    """(3, heads, N, channels, width) → N of (384, width, 1): the inverse of
    `packs.projections.views`.
    """
    stacked = views.permute(2, 0, 1, 3, 4).reshape(views.shape[2], ROWS, views.shape[-1], 1)
    return torch.unbind(stacked.contiguous())
