"""The options that say where to compute."""

from __future__ import annotations

import argparse


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """--device and --threads."""
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--threads", type=int, help="CPU threads (default: the machine's cores)")
