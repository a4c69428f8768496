"""`evaluate`: a pack's figures on heads it never saw, and its card; NoW and CO-545."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import benchmarks


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    evaluate = commands.add_parser("evaluate", help="figures of a pack, beside their controls")
    kinds = evaluate.add_subparsers(required=True, metavar="KIND")
    parser = kinds.add_parser("synthetic", help="on paired synthetic photos of held-out heads")
    parser.add_argument(
        "--photos", type=Path, required=True, help="paired set of training.studio.photos"
    )
    parser.add_argument("--pack", default="open")
    parser.add_argument("--heads", type=int, default=300)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--card", type=Path, help="pack folder whose CARD.md is to be written")
    parser.set_defaults(command=_run)
    benchmarks.add(kinds)


def _run(options: argparse.Namespace) -> int:
    from ..device import choose_device, set_threads
    from ..evaluation.card import table, write_card
    from ..evaluation.synthetic import evaluate
    from ..packs.open_pack import read_open_pack
    from ..packs.registry import pack_folder
    from ..training.photo_set import read_photo_set

    set_threads(options.threads)
    pack = read_open_pack(pack_folder(options.pack, options.home), choose_device("cpu"))
    figures = {
        "clean": evaluate(pack, read_photo_set(options.photos), options.heads),
        "occluded": evaluate(
            pack,
            read_photo_set(options.photos, images="images_occluded", visible="visible_occluded"),
            options.heads,
        ),
    }
    print(table(figures))
    if options.card:
        write_card(options.card, pack, figures)
    return 0
