"""`packs`: what is on this machine and what its licences allow; import published files."""

from __future__ import annotations

import argparse

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
    from ..packs.registry import find_packs, pack_record

    for identifier in find_packs(options.home):
        about = pack_record(identifier, options.home)
        may_sell = "commercial use: yes" if about.commercial else "commercial use: no"
        print(f"{about.id} {about.version}: {about.title}; {about.licence}; {may_sell}")
    return 0


def _list(options: argparse.Namespace) -> int:
    print("Packs, ready to use:")
    _packs(options)
    print("\nFiles of the published OFER, which you obtain and import:")
    weights.print_files(options.home)
    return 0
