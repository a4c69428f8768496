"""`train idgen|idrank|expgen`: the published networks, on data and weights that you hold."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...commands.counts import positive, seed
from ...commands.machine import add_machine_options

_HELP = {
    "idgen": "neutral heads from a picture",
    "idrank": "which of IdGen's heads fits a picture",
    "expgen": "expressions from a picture",
}


def add(kinds: argparse._SubParsersAction) -> None:
    """Add the three to the kinds of `train`."""
    for stage, what in _HELP.items():
        parser = kinds.add_parser(stage, help=f"the published {stage}: {what}")
        parser.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            required=True,
            help="folder in MICA's layout or the plain one; docs/training.md shows both",
        )
        run = "the run's folder; called again, training goes on from there"
        parser.add_argument("--out", type=Path, metavar="DIR", required=True, help=run)
        parser.add_argument(
            "--recipe", default="ours", help="ours (default), published, or a TOML file"
        )
        parser.add_argument("--sets", nargs="+", default=(), help="MICA's indices (default: all)")
        parser.add_argument(
            "--swapped", nargs="+", default=(), metavar="SET", help="sets with red and blue swapped"
        )
        steps = "optimiser steps, instead of the recipe's epochs"
        parser.add_argument("--steps", type=positive, metavar="N", help=steps)
        every = "steps between checkpoints (default: 500)"
        parser.add_argument("--every", type=positive, metavar="N", default=500, help=every)
        again = "another number trains on other draws (default: 0)"
        parser.add_argument("--seed", type=seed, metavar="N", default=0, help=again)
        parser.add_argument(
            "--install", action="store_true", help="put the result into the pack, at once"
        )
        add_machine_options(parser)
        parser.set_defaults(command=_run, stage=stage)


def _run(options: argparse.Namespace) -> int:
    from ...device import choose_device, set_threads
    from ...published.training.recipes import TrainingStage, read_recipe
    from ...published.training.run import TrainingRun, run
    from ...published.training.scan_data import read_scan_data
    from ..training.ranks import joined_ranks

    set_threads(options.threads)
    stage = TrainingStage(options.stage)
    job = TrainingRun(
        stage=stage,
        recipe=read_recipe(stage, options.recipe),
        home=options.home,
        out=options.out,
        seed=options.seed,
        steps=options.steps,
        every=options.every,
    )
    data = read_scan_data(options.data, options.sets, options.swapped)
    with joined_ranks(choose_device(options.device)) as (ranks, device):
        if ranks.leads:
            pictures = sum(len(example.images) for example in data.examples)
            print(f"{len(data.examples)} entries, {pictures} pictures; {data.absent} not there")
        path = run(job, data, ranks, device)
        if ranks.leads:
            print(path)
            return (
                _install(path, options.home)
                if options.install
                else _print_next_step(path, options.home)
            )
    return 0


def _install(path: Path, home: Path) -> int:
    from ...published.imported_files import import_files

    report = import_files([path], home)
    for refused in report.refused:
        print(refused.error)
    for record in report.imported:
        print(f"{record.part} of the pack is now {record.source_name}")
    return 1 if report.refused else 0


def _print_next_step(path: Path, home: Path) -> int:
    print(f"To put it into the pack: python -m ofer_engine --home {home} packs import {path}")
    return 0
