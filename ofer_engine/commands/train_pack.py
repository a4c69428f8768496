"""`train pack`: a pack on a head model that the user holds."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

_STAGES = ("conditioner", "idgen", "expgen", "idrank")


def add(packs: argparse._SubParsersAction) -> None:
    """Add the command to the kinds of `train`."""
    parser = packs.add_parser("pack", help="a pack on FLAME's or ICT-FaceKit's head, or another")
    parser.add_argument(
        "--head", type=Path, nargs="+", required=True, help="FLAME's .pkl, or ICT-FaceKit's .npz"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="pack folder, best DATA/packs/NAME; NAME is its id"
    )
    parser.add_argument("--work", type=Path, required=True, help="for photos and checkpoints")
    parser.add_argument("--title", help="what the pack is called; its id where none is given")
    parser.add_argument(
        "--licence",
        default="as its head model's maker says",
        help="what the pack says of its terms",
    )
    parser.add_argument(
        "--commercial", action="store_true", help="the head model's licence lets results be sold"
    )
    parser.add_argument("--modes", type=int, default=60, help="identity modes to use")
    parser.add_argument("--photos", type=int, default=48_000)
    parser.add_argument("--people", type=int, default=32_000, help="pictures, four of each person")
    parser.add_argument("--held-out", type=int, help="pictures that only validate")
    parser.add_argument("--ranked-photos", type=int, help="pictures that IdRank learns from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    for stage in _STAGES:
        parser.add_argument(f"--{stage}", type=int, help=f"optimiser steps of the {stage}")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ..contract.records import PackRecord
    from ..device import set_threads
    from ..packs.registry import BUNDLED
    from ..training.head_pack import HeadPackPlan, train_head_pack
    from ..training.open_pack import Recipe

    set_threads(options.threads)
    started = time.monotonic()
    names = (*_STAGES, "held_out", "ranked_photos")
    counts = {name: getattr(options, name) for name in names if getattr(options, name)}
    recipe = Recipe(seed=options.seed, **counts)
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

    def tell(stage: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {stage}", file=sys.stderr, flush=True)

    train_head_pack(plan, record, BUNDLED, options.out, options.work, tell)
    tell("done")
    print(options.out)
    return 0
