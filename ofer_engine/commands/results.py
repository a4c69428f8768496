"""What the results of a command are called, and that nothing that is there is replaced unasked."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..contract.names import check_name, free_name, kept_note, plain_name, usable

SHEET: Final = "_sheet.png"
"""Ending of the contact sheet's file."""


def add_name_options(parser: argparse.ArgumentParser, default: str) -> None:
    """--name and --overwrite; default : whose name it is otherwise, for people."""
    parser.add_argument("--name", help=f"name of the results (default: {default})")
    replace = "replace results of that name (default: they stay, and the new ones get a number)"
    parser.add_argument("--overwrite", action="store_true", help=replace)


def result_name(
    options: argparse.Namespace, photo: Path, endings: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """The name that the results get in `options.out`, and a note where that is not the one wished
    for. Raises OferError(BAD_REQUEST) for a name that is a path, or that some system refuses.

    endings : of the files and folders that will be written.
    """
    if options.name is not None:
        check_name(options.name)
    name = options.name or (photo.stem if usable(photo.stem) else plain_name(photo.stem))
    free = name if options.overwrite else free_name(options.out, name, endings)
    return free, kept_note(name, free)
