"""Command line of the engine; see `commands/`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .client import stopping

_SAID: Final = "ofer: stopped."
if __name__ == "__main__":
    stopping.listen(_SAID)  # before the rest is loaded

from .client.launch import (  # noqa: E402
    check_working_folder,
    chosen_home,
    mend_streams,
    tune_this_process,
)
from .commands import batch, more_like, packs, perform, reconstruct, serve, skin  # noqa: E402
from .contract.causes import as_ofer_error  # noqa: E402
from .contract.errors import ErrorCode, OferError  # noqa: E402

LOG: Final = "engine-error.log"
"""In the data folder: the trace of the last failure that nobody foresaw."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is one sentence on stderr and a non-zero status."""
    tune_this_process()
    mend_streams()
    parser = argparse.ArgumentParser(
        prog="python -m ofer_engine",
        description="Photos of a face in, ranked heads out. COMMAND --help tells its options;"
        " docs/engine.md tells what they mean.",
    )
    home = "the data folder, with further packs (default: the user's)"
    parser.add_argument("--home", type=Path, metavar="DIR", help=home)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (reconstruct, batch, perform, more_like, skin, serve, packs):
        command.add(commands)
    if importlib.util.find_spec("ofer_engine.research"):  # not part of the extension
        from .research.commands import evaluate, train

        train.add(commands)
        evaluate.add(commands)
    options = parser.parse_args(arguments)
    try:
        if options.command is not serve.run:  # which asks for whole paths alone
            check_working_folder()
        options.home = chosen_home(options.home)
    except OferError as error:
        print(f"ofer: {error}", file=sys.stderr)
        return 1
    try:
        with stopping.working():
            status = options.command(options)
            sys.stdout.flush()  # else only the interpreter's end would find that nobody listens
        return status
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        return _discard_output()
    except Exception as cause:  # noqa: BLE001 - the border: one sentence, whatever happened
        if stopping.was_asked():
            return _stopped()
        return _fail(cause, options.home / LOG)


def _fail(cause: Exception, log: Path) -> int:
    error = as_ofer_error(cause)
    if isinstance(cause, OSError) and cause.filename is None:
        _discard_output()  # perhaps the output itself: what of it waits must not fail again at exit
    print(f"ofer: {error}", file=sys.stderr)
    if error.code is ErrorCode.INTERNAL and _logged(cause, log):
        print(f"ofer: the log is {log}", file=sys.stderr)
    return 1


def _logged(cause: Exception, log: Path) -> bool:
    """Keep the trace of what nobody foresaw; False where that is not possible either."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(cause, file=file)
    except OSError:
        return False
    return True


def _discard_output() -> int:
    """Whoever read the output has left, as `| head` does: nothing more is said, at exit neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _stopped() -> int:
    print(_SAID, file=sys.stderr)
    return stopping.STOPPED


if __name__ == "__main__":
    sys.exit(main())
