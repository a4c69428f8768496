"""Options of commands that draw heads."""

from __future__ import annotations

import argparse


def add_sampling_options(parser: argparse.ArgumentParser, identities: int, keep: int) -> None:
    """identities, keep : what is drawn and written unless asked otherwise."""
    drawn = f"heads drawn and ranked (default: {identities})"
    parser.add_argument("--identities", type=int, metavar="N", default=identities, help=drawn)
    parser.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help=f"best of them that are written (default: {keep}, or all where fewer are drawn)",
    )
    again = "another number draws other heads (default: 0)"
    parser.add_argument("--seed", type=int, metavar="N", default=0, help=again)
    parser.add_argument(
        "--sampler",
        default="dpm_solver_pp_2m",
        help="how heads are drawn: dpm_solver_pp_2m (default), ddim, ddim_as_published or ddpm",
    )
    calls = "calls of the network for each head (default: 20)"
    parser.add_argument("--steps", type=int, metavar="N", default=20, help=calls)
    parser.add_argument(
        "--guidance",
        type=float,
        metavar="0..1",
        default=0.0,
        help="pull the heads towards the points seen in the photos (default: 0, not at all)",
    )
    parser.set_defaults(most_kept=keep)


def kept(options: argparse.Namespace) -> int:
    """How many heads are to be written."""
    if options.keep is not None:
        return options.keep
    return min(options.most_kept, options.identities)
