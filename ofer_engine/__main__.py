"""Command line of the engine; see `commands/`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .commands import evaluate, more_like, packs, reconstruct, serve, skin, train
from .contract.errors import OferError
from .contract.launch import default_home


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is one sentence on stderr and a non-zero status."""
    parser = argparse.ArgumentParser(prog="python -m ofer_engine", description=__doc__)
    parser.add_argument(
        "--home", type=Path, default=default_home(), help="the data folder, with further packs"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (reconstruct, more_like, skin, serve, packs, train, evaluate):
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        return options.command(options)
    except OferError as error:
        print(f"ofer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ofer: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
