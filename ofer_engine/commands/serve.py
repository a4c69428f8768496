"""`serve`: answer requests on stdin, for the add-on."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NoReturn

from .machine import add_machine_options


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the engine's parser."""
    parser = commands.add_parser("serve", help="answer requests on stdin (for the add-on)")
    log = "file that the caller sends stderr to: failures name it"
    parser.add_argument("--log", metavar="FILE", default="", help=log)
    add_machine_options(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> NoReturn:
    """Answer requests until there are no more."""
    try:
        os.getcwd()
    except OSError:  # its client was started in a folder that is gone, where libraries fail
        os.chdir(Path(__file__).parent)
    from ..server import serve

    serve(options.device, options.home, options.threads, options.log)
