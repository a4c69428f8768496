"""`packs import` and the published files' half of `packs list`: what this machine has, or lacks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.sentence import one_line

if TYPE_CHECKING:
    from ..published.imported_files import ImportReport


def add(kinds: argparse._SubParsersAction) -> None:
    """Add `import` to the kinds of `packs`."""
    importing = kinds.add_parser("import", help="take over published files that you have obtained")
    what = "of any name; folders are searched"
    importing.add_argument("paths", type=Path, nargs="+", metavar="FILE_OR_FOLDER", help=what)
    importing.add_argument(
        "--projections",
        choices=("training", "demo"),
        default="training",
        help="attention projections where a checkpoint has none: those it was trained with "
        "(default), or those of the published demo",
    )
    importing.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> int:
    from ..published.imported_files import import_files
    from ..published.projections import Draw

    report = import_files(
        options.paths,
        options.home,
        Draw(options.projections),
        on_file=lambda path: print(f"reading {one_line(path.name)}", flush=True),
    )
    _print_report(report)
    return 1 if report.refused or not report.imported else 0


def _print_report(report: ImportReport) -> None:
    from ..published.catalogue import CATALOGUE, PACK_ID, Part

    for record in report.imported:
        file = CATALOGUE[Part(record.part)]
        print(f"imported {one_line(record.source_name)}: {file.title} ({file.licence})")
        for note in record.notes:
            print(f"  {note}")
    for refused in report.refused:
        print(f"refused {one_line(refused.path.name)}: {refused.error}", file=sys.stderr)
    if not report.imported and not report.refused:
        print("There is no weight file in what you gave.", file=sys.stderr)
    if report.complete:
        print(f"The pack {PACK_ID} is complete.")
        return
    print(f"The pack {PACK_ID} still lacks:")
    for part in report.missing:
        file = CATALOGUE[part]
        print(f"  {file.title}: {file.usual_name}, from {file.source} ({file.licence})")


def print_files(home: Path) -> None:
    """Every published file: have or missing, whose licence binds it, may results be sold."""
    from ..published.catalogue import REQUIRED
    from ..published.imported_files import status

    for line in status(home):
        have = "have" if line.record else "missing" if line.part in REQUIRED else "optional"
        about = line.record or line.file
        may_sell = "commercial use: yes" if about.commercial else "commercial use: no"
        print(f"{have:8} {line.file.title}: {about.licence}; {may_sell}")
        if line.record is None:
            print(f"         {line.file.usual_name}, from {line.file.source}; {line.file.purpose}")
