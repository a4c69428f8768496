"""`packs`: list the packs on this machine and what their licences allow."""

from __future__ import annotations

import argparse


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("packs", help="list the packs on this machine")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from ..packs.pack import read_record
    from ..packs.registry import find_packs

    for folder in find_packs(options.home).values():
        about = read_record(folder)
        may_sell = "commercial use allowed" if about.commercial else "not for sale"
        print(f"{about.id} {about.version}: {about.title}; {about.licence}; {may_sell}")
    return 0
