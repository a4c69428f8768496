"""Options of commands that draw heads."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ..contract.sampling import DEFAULT_SAMPLER, DEFAULT_STEPS, SamplingParams


def add_sampling_options(parser: argparse.ArgumentParser, identities: int, keep: int) -> None:
    """identities, keep : what is drawn and written unless asked otherwise."""
    drawn = f"heads drawn and ranked (default: {identities})"
    parser.add_argument("--identities", type=int, metavar="N", default=identities, help=drawn)
    parser.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help=f"how many of them are written (default: {keep}, or all where fewer are drawn)",
    )
    again = "another number draws other heads (default: 0)"
    parser.add_argument("--seed", type=int, metavar="N", default=0, help=again)
    parser.add_argument(
        "--sampler",
        default=DEFAULT_SAMPLER,
        help=f"how heads are drawn: {DEFAULT_SAMPLER} (default), ddim, ddim_as_published or ddpm",
    )
    calls = f"calls of the network for each head (default: {DEFAULT_STEPS})"
    parser.add_argument("--steps", type=int, metavar="N", default=DEFAULT_STEPS, help=calls)
    parser.add_argument(
        "--guidance",
        type=float,
        metavar="0..1",
        default=0.0,
        help="pull the heads towards the points seen in the photos (default: 0, not at all)",
    )
    parser.set_defaults(most_kept=keep)


def add_hint_options(parser: argparse.ArgumentParser) -> None:
    """What an artist tells of the person."""
    for name, metavar, meaning in (
        ("age", "YEARS", "the person's age"),
        ("sex", "0..1", "0 female, 1 male"),
        ("build", "0..1", "0 slight, 1 heavy"),
    ):
        about = f"hint, for packs that take hints: {meaning}"
        parser.add_argument(f"--{name}", type=float, metavar=metavar, help=about)


def sampling_params(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a request that say how heads are drawn, by name."""
    if options.keep is None:
        options.keep = min(options.most_kept, options.identities)
    return asdict(SamplingParams.of(options))


def identity_params(options: argparse.Namespace) -> dict[str, Any]:
    """As `sampling_params`, for a request that draws no expressions."""
    fields = sampling_params(options)
    del fields["expressions"]
    return fields
