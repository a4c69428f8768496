"""Trains a conditioner by itself, on and on: each session goes on from what the last one kept.

    python -m ofer_engine.research.training.conditioner_run --head BASIS/head.npz --photos SET SET
        --held SET SET --start weights/open/conditioner.safetensors --steps 2500 --out RUN

Stopped, it goes on when called again. RUN/conditioner.safetensors is what it ends with, and
RUN/kept.safetensors the same at half the size, to be kept in the repository.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from ...conditioning.evidence import CROP, EvidenceNetwork
from ...heads.open_head import OpenHead
from ...photo.face_weights import FACES
from .bent_portraits import BentPortraits
from .conditioner import loss_weights, losses, new_network, train_conditioner
from .kept_conditioner import keep
from .loop import Precision, TrainingPlan
from .open_pack import known_weights
from .photo_set import PhotoSet, read_photo_set

_LOG: Final = logging.getLogger(__name__)
_TOGETHER: Final = 50


def compiled(network: EvidenceNetwork) -> None:
    """Let torch compile the detail trunk for training: three quarters of the time of a step. It
    needs a C++ compiler and most of a minute; answers differ by rounding."""
    plain = network.detail.forward
    fast: Callable[[Tensor], Any] = torch.compile(plain, dynamic=False)

    def forward(crops: Tensor) -> Any:
        return (fast if torch.is_grad_enabled() else plain)(crops)

    network.detail.forward = forward


@torch.inference_mode()
def held_losses(network: EvidenceNetwork, head: OpenHead, photos: PhotoSet) -> dict[str, float]:
    """Mean losses over all pictures of a set."""
    network.eval()
    weights, sums = loss_weights(head, photos), dict[str, float]()
    rows = np.arange(len(photos))
    for part in np.array_split(rows, -(-len(rows) // _TOGETHER)):
        crops = photos.crops(part, network.side).contiguous(memory_format=torch.channels_last)
        for name, value in losses(network(crops), photos.labels(part), weights).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(part) / len(rows)
    return sums


def write(network: EvidenceNetwork, out: Path) -> None:
    """conditioner.safetensors, float32, and kept.safetensors."""
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, out / "conditioner.safetensors")
    keep(network, out / "kept.safetensors")


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--head", type=Path, required=True, help="head.npz of the sets")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="sets to learn from")
    parser.add_argument("--held", type=Path, nargs="+", required=True, help="sets to validate on")
    parser.add_argument("--bent", type=Path, help="what bent_portraits made")
    parser.add_argument(
        "--start", type=Path, required=True, help="conditioner to go on from, beside its head.npz"
    )
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--side", type=int, default=CROP, help="pixels of the crops")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--compile", action="store_true", help="where there is a C++ compiler")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    head = OpenHead.load(options.head)
    photos, held = read_photo_set(*options.photos), read_photo_set(*options.held)
    bent = BentPortraits.read(options.bent) if options.bent else None
    known = known_weights(options.start, options.head, FACES)
    network = new_network(head, photos, known, options.side)
    _LOG.info(
        "%d pictures, %d parameters", len(photos), sum(p.numel() for p in network.parameters())
    )
    plan = TrainingPlan(
        options.steps,
        rate=options.rate,
        seed=options.seed,
        weight_decay=0.03,
        every=options.every,
        precision=Precision.of_this_cpu(),
    )
    if options.compile:
        compiled(network)
    train_conditioner(network, head, photos, held, plan, options.out, options.batch, bent)
    write(network, options.out)
    found = {
        str(folder): held_losses(network, head, read_photo_set(folder)) for folder in options.held
    }
    (options.out / "held.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
