"""`train`: the bundled pack's networks from synthetic photos, or the published ones from yours."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import train_generators, train_pack, train_published, train_smaller
from .stages import STAGES, add_stage_options


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    train = commands.add_parser("train", help="train the networks of a pack")
    packs = train.add_subparsers(required=True, metavar="WHAT")
    parser = packs.add_parser("open", help="the bundled pack, on its own head")
    for name, nargs, what in (
        ("photos", "+", "sets of research.studio.photos"),
        ("people", "+", "other sets, for IdGen and ExpGen"),
        ("out", None, "pack folder with its head.npz"),
        ("work", None, "folder for the checkpoints; called again, training goes on from there"),
    ):
        parser.add_argument(
            f"--{name}", type=Path, nargs=nargs, metavar="DIR", required=True, help=what
        )
    add_stage_options(parser)
    parser.set_defaults(command=_run)
    train_generators.add(packs)
    train_pack.add(packs)
    train_smaller.add(packs)
    train_published.add(packs)


def _run(options: argparse.Namespace) -> int:
    from ...device import set_threads
    from ...pack_registry import BUNDLED
    from ..training.budget import TrainingBudget
    from ..training.open_pack import OPEN_RECORD, Sources, train_open_pack

    set_threads(options.threads)
    steps = {stage: getattr(options, stage) for stage in STAGES if getattr(options, stage)}
    recipe = TrainingBudget(seed=options.seed, **steps)
    conditioner = options.out / "conditioner.safetensors"
    sources = Sources(options.photos, options.people, BUNDLED / "faces", conditioner)
    train_open_pack(sources, options.out, options.work, OPEN_RECORD, recipe)
    print(options.out)
    return 0
