"""Options of commands that train a whole pack, stage by stage."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from ...commands.counts import positive, seed

STAGES: Final = ("conditioner", "idgen", "expgen", "idrank")


def add_stage_options(parser: argparse.ArgumentParser, stages: Sequence[str] = STAGES) -> None:
    """--threads, --seed, and the length of each stage."""
    threads = "processor threads (default: 1)"
    parser.add_argument("--threads", type=positive, metavar="N", default=1, help=threads)
    again = "another number trains on other draws (default: 0)"
    parser.add_argument("--seed", type=seed, metavar="N", default=0, help=again)
    for stage in stages:
        steps = f"optimiser steps of the {stage} (default: the recipe's)"
        parser.add_argument(f"--{stage}", type=positive, metavar="N", help=steps)
