"""`train pack`: a pack on a head model that the user holds."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ...commands.counts import positive
from .stages import STAGES, add_stage_options

_OF_THE_RECIPE = "the recipe's"


def add(packs: argparse._SubParsersAction) -> None:
    """Add the command to the kinds of `train`."""
    parser = packs.add_parser("pack", help="a pack on FLAME's or ICT-FaceKit's head, or another")
    parser.add_argument(
        "--head",
        type=Path,
        nargs="+",
        metavar="FILE",
        required=True,
        help="FLAME's .pkl, or ICT-FaceKit's .npz",
    )
    out = "pack folder, best DATA/packs/NAME; NAME is its id"
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help=out)
    work = "folder for photos and checkpoints; called again, the command goes on from there"
    parser.add_argument("--work", type=Path, metavar="DIR", required=True, help=work)
    parser.add_argument("--title", help="what the pack is called (default: its id)")
    parser.add_argument(
        "--licence",
        default="as its head model's maker says",
        help="what the pack says of its terms",
    )
    parser.add_argument(
        "--commercial", action="store_true", help="the head model's licence lets results be sold"
    )
    for name, count, what in (
        ("modes", 60, "identity modes to use"),
        ("photos", 48_000, "synthetic photos of strangers to make"),
        ("people", 32_000, "synthetic photos to make, four of each person"),
        ("held-out", None, "pictures that only validate"),
        ("ranked-photos", None, "pictures that IdRank learns from"),
    ):
        about = f"{what} (default: {count or _OF_THE_RECIPE})"
        parser.add_argument(f"--{name}", type=positive, metavar="N", default=count, help=about)
    add_stage_options(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ...contract.records import PackRecord
    from ...device import set_threads
    from ...pack_registry import BUNDLED
    from ..training.budget import TrainingBudget
    from ..training.head_pack import HeadPackPlan, train_head_pack

    set_threads(options.threads)
    started = time.monotonic()
    names = (*STAGES, "held_out", "ranked_photos")
    counts = {name: getattr(options, name) for name in names if getattr(options, name)}
    recipe = TrainingBudget(seed=options.seed, **counts)
    plan = HeadPackPlan(options.head, options.modes, options.photos, options.people, recipe)
    record = PackRecord(
        id=options.out.name,
        version="0.1",
        title=options.title or options.out.name,
        licence=options.licence,
        commercial=options.commercial,
        claim="plausible, not a likeness",
        fingerprint="",
    )

    def on_message(stage: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {stage}", file=sys.stderr, flush=True)

    train_head_pack(plan, record, BUNDLED, options.out, options.work, on_message)
    on_message("done")
    print(options.out)
    return 0
