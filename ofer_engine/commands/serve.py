"""`serve`: answer requests on stdin, for the add-on."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .machine import add_machine_options


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("serve", help="answer requests on stdin (for the add-on)")
    log = "file that the caller sends stderr to: failures name it"
    parser.add_argument("--log", metavar="FILE", default="", help=log)
    add_machine_options(parser)
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> NoReturn:
    from ..server import serve

    serve(options.device, options.home, options.threads, options.log)
