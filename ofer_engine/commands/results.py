"""What the results of a command are called, and that nothing that is there is replaced unasked."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path

from ..contract.files.claimed_name import claimed_name
from ..contract.names import check_name, kept_note, plain_name, usable


def add_name_options(parser: argparse.ArgumentParser, default: str) -> None:
    """--name and --overwrite; default : whose name it is otherwise, for people."""
    parser.add_argument("--name", help=f"name of the results (default: {default})")
    replace = "replace results of that name (default: they stay, and the new ones get a number)"
    parser.add_argument("--overwrite", action="store_true", help=replace)


@contextlib.contextmanager
def named_results(
    options: argparse.Namespace, photo: Path, endings: Sequence[str]
) -> Generator[tuple[str, tuple[str, ...]]]:
    """The name that the results get in `options.out`, which no other program takes meanwhile, and a
    note where that is not the one wished for. Raises OferError(BAD_REQUEST) for a name that is a
    path, that some system refuses, or under which another program is making what is to be replaced.

    endings : of the files and folders that will be written.
    """
    if options.name is not None:
        check_name(options.name)
    name = options.name or (photo.stem if usable(photo.stem) else plain_name(photo.stem))
    with claimed_name(options.out, name, endings, options.overwrite) as free:
        yield free, kept_note(name, free)
