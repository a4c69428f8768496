"""The options of `install.py run`: its own, and those that it hands to the engine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

TO_THE_ENGINE: Final = (
    *("--pack", "--identities", "--keep", "--seed", "--sampler", "--steps", "--guidance"),
    *("--expressions", "--mode", "--face", "--hidden", "--mask", "--age", "--sex", "--build"),
    *("--show", "--skin", "--device", "--threads"),
)
"""Of `python -m ofer_engine reconstruct`; each takes one value."""


class _PassOn(argparse.Action):
    """Keeps an option with its value, in the order in which they were typed."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.passed_on = [*namespace.passed_on, f"{self.option_strings[0]}={values}"]


def add_run(commands: argparse._SubParsersAction, parents: list[argparse.ArgumentParser]) -> None:
    """Add `run` to the parser of install.py."""
    run = commands.add_parser(
        "run", parents=parents, help="turn a photo into a head in a .blend file"
    )
    run.add_argument(
        "photos",
        nargs="*",
        type=Path,
        metavar="PHOTO",
        help="one or several of one person (default: a public-domain portrait)",
    )
    out = "folder for the results (default: ./ofer-out)"
    run.add_argument("--out", type=Path, default=Path("ofer-out"), metavar="DIR", help=out)
    run.add_argument("--name", help="name of the results (default: the first photo's)")
    replace = (
        "replace results of that name that are as a run made them (default: they stay, and the new"
        " ones get a number)"
    )
    run.add_argument("--overwrite", action="store_true", help=replace)
    listing = "list the first photo's faces with their numbers, and stop"
    run.add_argument("--list-faces", action="store_true", help=listing)
    for option in TO_THE_ENGINE:
        run.add_argument(option, action=_PassOn, help=argparse.SUPPRESS)
    run.set_defaults(passed_on=[])
    run.epilog = (
        f"Handed to the engine: {', '.join(TO_THE_ENGINE)}; see python -m ofer_engine reconstruct"
        " --help"
    )
