"""`train smaller PACK --out DIR`: a pack's copy with its weights as bytes."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(packs: argparse._SubParsersAction) -> None:
    """Add the command to the kinds of `train`."""
    parser = packs.add_parser("smaller", help="a pack's copy of half the size, weights as bytes")
    parser.add_argument("pack", type=Path, metavar="PACK", help="the folder of a pack of this form")
    out = "a new folder for the copy"
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help=out)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ..training.smaller_pack import write_smaller

    for name, (before, after) in write_smaller(options.pack, options.out).items():
        print(f"{name}: {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB")
    print(options.out)
    return 0
