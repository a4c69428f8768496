"""`train`: the bundled pack's networks from synthetic photos, or the published ones from yours."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import train_pack, train_published


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    train = commands.add_parser("train", help="train the networks of a pack")
    packs = train.add_subparsers(required=True, metavar="WHAT")
    parser = packs.add_parser("open", help="the bundled pack, on its own head")
    parser.add_argument(
        "--photos", type=Path, nargs="+", required=True, help="sets of training.studio.photos"
    )
    parser.add_argument(
        "--people", type=Path, nargs="+", required=True, help="other sets, for IdGen and ExpGen"
    )
    parser.add_argument("--out", type=Path, required=True, help="pack folder with its head.npz")
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    for stage in ("conditioner", "idgen", "expgen", "idrank"):
        parser.add_argument(f"--{stage}", type=int, help=f"optimiser steps of the {stage}")
    parser.set_defaults(command=_run)
    train_pack.add(packs)
    train_published.add(packs)


def _run(options: argparse.Namespace) -> int:
    from ..device import set_threads
    from ..packs.registry import BUNDLED
    from ..training.open_pack import OPEN_RECORD, Recipe, Sources, train_open_pack

    set_threads(options.threads)
    stages = ("conditioner", "idgen", "expgen", "idrank")
    steps = {stage: getattr(options, stage) for stage in stages if getattr(options, stage)}
    recipe = Recipe(seed=options.seed, **steps)
    conditioner = options.out / "conditioner.safetensors"
    sources = Sources(options.photos, options.people, BUNDLED / "faces", conditioner)
    train_open_pack(sources, options.out, options.work, OPEN_RECORD, recipe)
    print(options.out)
    return 0
