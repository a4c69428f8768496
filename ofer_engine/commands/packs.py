"""`packs`: what is on this machine and what its licences allow; import published files."""

from __future__ import annotations

import argparse
import sys

from ..contract.errors import OferError
from ..contract.sentence import one_line
from . import weights


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("packs", help="list the packs on this machine; import weights")
    parser.set_defaults(command=_packs)
    kinds = parser.add_subparsers(metavar="KIND")
    listing = kinds.add_parser("list", help="packs, and every published file: have or missing")
    listing.set_defaults(command=_list)
    weights.add(kinds)


def _packs(options: argparse.Namespace) -> int:
    from ..pack_registry import find_packs, pack_record

    status = 0
    for identifier in find_packs(options.home):
        try:
            about = pack_record(identifier, options.home)
        except OferError as error:  # the others are ready all the same
            print(f"{one_line(identifier)}: {error}", file=sys.stderr)
            status = 1
            continue
        may_sell = "commercial use: yes" if about.commercial else "commercial use: no"
        print(f"{about.id} {about.version}: {about.title}; {about.licence}; {may_sell}")
    return status


def _list(options: argparse.Namespace) -> int:
    print("Packs, ready to use:")
    status = _packs(options)
    print("\nFiles of the published OFER, which you obtain and import:")
    weights.print_files(options.home)
    return status
