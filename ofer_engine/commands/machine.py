"""The options that say where to compute."""

from __future__ import annotations

import argparse

from .counts import positive


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """--device and --threads."""
    parser.add_argument(
        "--device",
        default="auto",
        choices=["auto", "cpu", "cuda", "mps"],
        help="where it is computed: auto (default) takes a graphics card where there is one;"
        " cuda is NVIDIA's and AMD's, mps Apple's",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="processor threads (default: 1 with the bundled pack, which more would not speed up;"
        " with the published networks the machine's cores, at most 8)",
    )
