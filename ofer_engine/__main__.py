"""Command line of the engine; see `commands/`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from .commands import evaluate, more_like, packs, reconstruct, serve, skin, train
from .contract.errors import ErrorCode, OferError
from .contract.launch import default_home, tune_this_process


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is one sentence on stderr and a non-zero status."""
    tune_this_process()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show
    parser = argparse.ArgumentParser(
        prog="python -m ofer_engine",
        description="Photos of a face in, ranked heads out. COMMAND --help tells its options;"
        " docs/engine.md tells what they mean.",
    )
    home = "the data folder, with further packs (default: the user's)"
    parser.add_argument("--home", type=Path, metavar="DIR", default=default_home(), help=home)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (reconstruct, more_like, skin, serve, packs, train, evaluate):
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        return options.command(options)
    except OferError as error:
        return _fail(error)
    except OSError as cause:
        if cause.filename is None:  # not the user's file: ours to hear of
            raise
        return _fail(
            OferError(
                ErrorCode.BAD_REQUEST,
                f"{cause.filename} cannot be used: {cause.strerror}.",
                "Check the path, and that you may read and write there.",
            )
        )
    except KeyboardInterrupt:
        print("ofer: stopped.", file=sys.stderr)
        return 130


def _fail(error: OferError) -> int:
    print(f"ofer: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
