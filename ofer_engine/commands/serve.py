"""`serve`: answer requests on stdin, for the add-on."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .machine import add_machine_options


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("serve", help="answer requests on stdin (for the add-on)")
    parser.add_argument("--log", default="", help="path of the log that stderr goes to")
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> NoReturn:
    from ..server import serve

    serve(options.device, options.home, options.threads, options.log)
