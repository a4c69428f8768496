"""Setting the engine up in the background by running install.py. No bpy."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..contract import strict_json
from ..contract.errors import ErrorCode, OferError
from ..contract.sentence import Sentence, from_fields
from .child_process import ChildProcess
from .launch import engine_environment

_EXTRAS: Final = ("perform",)
"""Groups that the panels have buttons for: a video needs a thirtieth of what the engine does."""


@dataclass(frozen=True)
class SetupProgress:
    """text : what is being done, for people; fraction : 0..1 of the whole setup."""

    text: Sentence
    fraction: float


@dataclass(frozen=True)
class SetupDone:
    """The engine can be started now."""


class EngineSetup:
    """A running `install.py setup`. Raises OferError(INTERNAL) where Python cannot be started.

    root : the project's folder; home : folder that will hold the engine's environment.
    """

    def __init__(self, root: Path, home: Path, python: str = sys.executable) -> None:
        command = [python, "-I", "-X", "utf8", str(root / "install.py")]
        command += ["setup", "--home", str(home), "--progress", "json", "--with", *_EXTRAS]
        try:
            self._child = ChildProcess(command, engine_environment(), None)
        except OSError as cause:
            raise _broken() from cause

    def events(self) -> list[SetupProgress | SetupDone]:
        """What happened since the last call, without waiting; `SetupDone` is the last.

        Raises OferError with install.py's own words, or INTERNAL where it ended without any.
        """
        silenced = self._child.silenced
        events: list[SetupProgress | SetupDone] = []
        for line in self._child.lines():
            if event := _decode(line):
                events.append(event)
            if isinstance(event, SetupDone):
                self._child.close()
                return events
        if silenced:
            self._child.close()
            raise _broken()
        return events

    def cancel(self) -> None:
        """Stop it; what was fetched stays for the next time."""
        self._child.interrupt()


def _decode(line: str) -> SetupProgress | SetupDone | None:
    try:
        fields = strict_json.parse(line, paths=True)
        if "error" in fields:
            message, hint = from_fields(fields["error"]), from_fields(fields.get("hint", ""))
            raise OferError(ErrorCode.ENGINE_MISSING, message, hint)
        if fields.get("done"):
            return SetupDone()
        return SetupProgress(from_fields(fields["text"]), float(fields["fraction"]))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None  # pip's own chatter


def _broken() -> OferError:
    return OferError(
        ErrorCode.INTERNAL,
        "Setting up the engine stopped without a reason given.",
        "Run `python3 install.py setup` in a terminal to see why.",
    )
