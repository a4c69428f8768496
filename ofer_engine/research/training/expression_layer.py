"""The conditioner's last layer of expressions, fitted again in closed form.

    python -m ofer_engine.research.training.expression_layer --conditioner FILE --head HEAD.npz
        --photos OWN ICT --bent BENT.npz --out FILE

What a unit means on photographs is said by a teacher, and may be said anew. Features, points and
identities stay as they are to the bit, since the layer is the only one that changes: ridge
regression about its weights, on renders whose units are known and on bent portraits, each unit as
far as the teacher is trusted (`warps/expression_teacher`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...conditioning.evidence import EvidenceNetwork
from ...heads.open_head import OpenHead
from ...packs.byte_weights import as_bytes
from ..evaluation.conditioner_alone import read_conditioner
from .bent_portraits import BentPortraits
from .photo_set import PhotoSet, read_photo_set

STAYING: Final = 0.03
"""Weight of a change of the layer, of the features' mean square. Of 0.003 to 3, it takes nearly all
that portraits gain (correlation with the teacher's units 0.67 to 0.70), and costs renders 0.6 %.
"""
_TOGETHER: Final = 64
_LAYER: Final = "expression_head."


def refitted(
    layer: Tensor, features: Tensor, truth: Tensor, sureness: Tensor, staying: float = STAYING
) -> Tensor:
    """(X, F + 1) float64, weights and bias of a linear layer that was `layer` (X, F + 1).

    features : (N, F); truth : (N, X); sureness : (N, X) 0..1, what each of these counts; a unit
    that counts nowhere stays as it is.
    """
    ones = torch.ones(len(features), 1, dtype=torch.float64)
    rows = torch.cat([features.double(), ones], dim=1)
    found = layer.double().clone()
    missed = truth.double() - rows @ found.T
    alike, group = torch.unique(sureness.double().T, dim=0, return_inverse=True)
    for number, counts in enumerate(alike):
        if not counts.any():
            continue
        units = group == number
        weighted = rows * counts[:, None]
        square = weighted.T @ rows
        stays = staying * square.diagonal().mean() * torch.eye(len(square), dtype=torch.float64)
        stays[-1, -1] = 1e-9 * stays[0, 0]  # the bias is free
        found[units] += torch.linalg.solve(square + stays, weighted.T @ missed[:, units]).T
    return found


@torch.inference_mode()
def features_of(
    network: EvidenceNetwork, pictures: Callable[[np.ndarray], Tensor], rows: np.ndarray
) -> Tensor:
    """(N, F) float32 that the layer takes, of the last look. pictures : gives (B, 3, S, S) of some
    of the rows (N,)."""
    taken: list[Tensor] = []
    seen: list[Tensor] = []
    hook = network.expression_head.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    try:
        for some in np.array_split(rows, max(-(-len(rows) // _TOGETHER), 1)):
            network(pictures(some).contiguous(memory_format=torch.channels_last))
            taken.append(seen[-1].float())
            seen.clear()
    finally:
        hook.remove()
    return torch.cat(taken)


def with_expressions(
    network: EvidenceNetwork, renders: list[PhotoSet], bent: BentPortraits, pictures: int
) -> Tensor:
    """(X, F + 1) of `refitted`, on so many pictures of each set and as many portraits as all these
    together."""
    picked = [np.arange(min(pictures, len(each))) for each in renders]
    drawn = np.random.default_rng(0).permutation(len(bent.portrait))[: sum(map(len, picked))]
    features = [
        features_of(network, each.crops, rows) for each, rows in zip(renders, picked, strict=True)
    ]
    known = [each.expression[: len(rows)] for each, rows in zip(renders, picked, strict=True)]
    truth = torch.cat([*known, bent.expression[drawn]])
    sureness = torch.ones_like(truth)
    sureness[-len(drawn) :] = bent.trust
    features = torch.cat([*features, features_of(network, bent.pictures, drawn)])
    layer = network.expression_head
    before = torch.cat([layer.weight.detach(), layer.bias.detach()[:, None]], dim=1)
    return refitted(before, features, truth, sureness)


def with_layer(stored: Mapping[str, Tensor], layer: Tensor) -> dict[str, Tensor]:
    """What is stored of a conditioner, as it is but for the layer (X, F + 1)."""
    rest = {name: value for name, value in stored.items() if not name.startswith(_LAYER)}
    weight, bias = layer[:, :-1].contiguous(), layer[:, -1].contiguous()
    return rest | as_bytes(f"{_LAYER}weight", weight) | as_bytes(f"{_LAYER}bias", bias)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--conditioner", type=Path, required=True, help="of a run or of a pack")
    parser.add_argument("--head", type=Path, required=True, help="head.npz that it was trained for")
    parser.add_argument(
        "--photos", type=Path, nargs="+", required=True, help="sets of research.studio.photos"
    )
    parser.add_argument("--bent", type=Path, required=True, help="of research.warps.bend_portraits")
    parser.add_argument("--pictures", type=int, default=2500, help="of each set")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    network = read_conditioner(options.conditioner, OpenHead.load(options.head))
    renders = [read_photo_set(folder) for folder in options.photos]
    bent = BentPortraits.read(options.bent)
    layer = with_expressions(network, renders, bent, options.pictures)
    save_file(with_layer(load_file(options.conditioner), layer), options.out)


if __name__ == "__main__":
    main()
