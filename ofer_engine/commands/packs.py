"""`packs`: list the packs on this machine and what their licences allow; import files."""

from __future__ import annotations

import argparse

from . import weights


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("packs", help="list the packs on this machine")
    parser.set_defaults(command=_run)
    weights.add(parser.add_subparsers(metavar="KIND"))


def _run(options: argparse.Namespace) -> int:
    from ..packs.registry import find_packs, pack_record

    for identifier in find_packs(options.home):
        about = pack_record(identifier, options.home)
        may_sell = "commercial use allowed" if about.commercial else "not for sale"
        print(f"{about.id} {about.version}: {about.title}; {about.licence}; {may_sell}")
    return 0
