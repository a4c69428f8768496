"""`train generators`: IdGen, ExpGen and IdRank on a conditioner that is finished."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from ...commands.counts import positive
from .stages import STAGES, add_stage_options

_STAGES: Final = STAGES[1:]


def add(packs: argparse._SubParsersAction) -> None:
    """Add the command to the kinds of `train`."""
    parser = packs.add_parser("generators", help="the rest of the bundled pack on a conditioner")
    file = "conditioner.safetensors of research.training.conditioner_run, for the head in --out"
    parser.add_argument("--conditioner", type=Path, metavar="FILE", required=True, help=file)
    for name, nargs, what in (
        ("people", "+", "sets of research.studio.photos, for IdGen and ExpGen"),
        ("judged", "+", "other sets, for IdRank"),
        ("out", None, "pack folder with its head.npz and source/hint_axes.npz"),
        ("work", None, "folder for the checkpoints; called again, training goes on from there"),
    ):
        parser.add_argument(
            f"--{name}", type=Path, nargs=nargs, metavar="DIR", required=True, help=what
        )
    start = "pack whose networks of the same sizes are gone on from (default: fresh ones)"
    parser.add_argument("--start", type=Path, metavar="DIR", help=start)
    bent = "file of research.warps.bend_portraits that IdGen's belief is fitted to, too"
    parser.add_argument("--bent", type=Path, metavar="FILE", help=bent)
    ranked = "pictures that IdRank learns from (default: the recipe's)"
    parser.add_argument("--ranked-photos", type=positive, metavar="N", help=ranked)
    add_stage_options(parser, _STAGES)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ...device import set_threads
    from ..training.budget import TrainingBudget
    from ..training.open_pack import OPEN_RECORD, FinishedConditioner, train_generators_pack

    set_threads(options.threads)
    names = (*_STAGES, "ranked_photos")
    counts = {name: getattr(options, name) for name in names if getattr(options, name)}
    recipe = TrainingBudget(conditioner=0, seed=options.seed, **counts)
    sources = FinishedConditioner(
        options.conditioner, options.people, options.judged, options.start, options.bent
    )
    train_generators_pack(sources, options.out, options.work, OPEN_RECORD, recipe)
    print(options.out)
    return 0
