"""Command line of the engine; see `commands/`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from .client.launch import chosen_home, mend_streams, tune_this_process
from .commands import batch, more_like, packs, perform, reconstruct, serve, skin
from .contract.causes import as_ofer_error
from .contract.errors import ErrorCode, OferError

LOG: Final = "engine-error.log"
"""In the data folder: the trace of the last failure that nobody foresaw."""
_STOPPED: Final = 130  # what a shell expects after an interrupt


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
        options.home = chosen_home(options.home)
    except OferError as error:
        print(f"ofer: {error}", file=sys.stderr)
        return 1
    try:
        status = options.command(options)
        sys.stdout.flush()  # else only the interpreter's end would find that nobody listens
        return status
    except KeyboardInterrupt:
        print("ofer: stopped.", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:
        return _discard_output()
    except Exception as cause:  # noqa: BLE001 - the border: one sentence, whatever happened
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


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _take_back_when_stopped() -> None:
    """The system's wish, and a terminal that is closed, as Ctrl-C; `nohup` lets a command go on."""
    signal.signal(signal.SIGTERM, _interrupt)
    closed = getattr(signal, "SIGHUP", None)
    if closed is not None and signal.getsignal(closed) is not signal.SIG_IGN:
        signal.signal(closed, _interrupt)


if __name__ == "__main__":
    _take_back_when_stopped()
    sys.exit(main())
