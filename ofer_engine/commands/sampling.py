"""Options of commands that draw heads."""

from __future__ import annotations

import argparse


def add_sampling_options(parser: argparse.ArgumentParser, identities: int, keep: int) -> None:
    """identities, keep : what is drawn and written unless asked otherwise."""
    parser.add_argument("--identities", type=int, default=identities, help="candidates drawn")
    parser.add_argument("--keep", type=int, default=keep, help="best-ranked ones written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sampler", default="dpm_solver_pp_2m")
    parser.add_argument("--steps", type=int, default=20, help="calls of the sampler")
    parser.add_argument(
        "--guidance",
        type=float,
        default=0.0,
        help="0..1: pull the heads towards the points seen in the photos (0: not at all)",
    )
