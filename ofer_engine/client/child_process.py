"""A child process that speaks lines, read by a thread so that Blender never waits for it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final, cast

from ..contract.lines import LONGEST
from . import faults

MAX_LINE: Final = LONGEST
"""Bytes; a child that never ends its line must not fill the memory."""
MAX_WAITING: Final = 250
"""Lines; a child that floods us is slowed down by its own full pipe, and we read on in peace."""
PARTING_SECONDS: Final = 2.0
DYING_SECONDS: Final = 0.25
"""At most; the system ends a killed child within a millisecond or two."""

_CREATION_FLAGS: Final = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
"""Keeps the child out of our console; on other systems a session of its own does."""


class ChildProcess:
    """Starts at once. Raises OSError where the program cannot be started.

    log : file that receives the child's stderr (a full pipe would block the child), or None.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path | None
    ) -> None:
        with contextlib.ExitStack() as stack:
            stderr = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
            self._process = subprocess.Popen(
                list(command),
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                creationflags=_CREATION_FLAGS,
                start_new_session=sys.platform != "win32",
            )
        # Both are pipes, and so there.
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        self._lines: queue.Queue[str] = queue.Queue(MAX_WAITING)
        self._reader = threading.Thread(target=self._read, name="ofer-reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, or None while the child lives."""
        return self._process.poll()

    @property
    def silenced(self) -> bool:
        """Nothing will ever come again: the child closed its stdout and all of it was read."""
        return not self._reader.is_alive() and self._lines.empty()

    def lines(self) -> list[str]:
        """Every line that came since the last call, without waiting."""
        waiting: list[str] = []
        with contextlib.suppress(queue.Empty):
            while len(waiting) < MAX_WAITING:
                waiting.append(self._lines.get_nowait())
        return waiting

    def send(self, line: str) -> None:
        """Write a line to the child; one that died meanwhile is noticed by `returncode`."""
        with contextlib.suppress(OSError, ValueError):
            self._input.write(line.encode() + b"\n")
            self._input.flush()

    def interrupt(self) -> None:
        """Ask the child and all it started to stop, as Ctrl-C would; kill it if it stays."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGINT)
        self.close()

    def kill(self) -> None:
        """End the child now; afterwards it writes no more."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING_SECONDS)
        self.close()

    def close(self) -> None:
        """Close the child's stdin, which ends it; kill it if it does not end. Returns at once."""
        with contextlib.suppress(OSError):
            self._input.close()
        # Not a daemon: Python waits for it at exit, so that no child outlives Blender.
        threading.Thread(target=self._part, name="ofer-parting").start()

    @faults.guarded(reported=False)
    def _part(self) -> None:
        try:
            self._process.wait(PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.lines()  # room for a reader that waits to put its last line

    @faults.guarded(reported=False)
    def _read(self) -> None:
        with self._output as stream:
            while line := stream.readline(MAX_LINE):
                self._lines.put(line.decode("utf-8", "replace").rstrip("\r\n"))
