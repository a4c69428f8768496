"""The engine as a child process: requests on stdin, events on stdout, one JSON line each.

The real stdout is moved aside first, so that a library's print lands in the log and cannot break
the protocol. One thread reads requests, so that a cancel is seen while the main thread computes;
one sends heartbeats. When stdin closes the engine ends, so that a dead client leaves no orphan.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn, TextIO

from . import __version__
from .answers.table import ANSWERS, answer
from .contract import protocol
from .contract.errors import ErrorCode, OferError
from .progress import Work
from .session import Session

_GRACE_SECONDS = 1.0
"""How long work may go on after stdin has closed before the process is ended anyway."""


class Server:
    """Answers requests until `Quit` or the end of the input."""

    def __init__(self, requests: TextIO, events: TextIO, session: Session, log: str = "") -> None:
        self._requests = requests
        self._events = events
        self._session = session
        self._log = log
        self._queue: queue.Queue[protocol.Request | OferError] = queue.Queue()
        self._pending: set[int] = set()
        self._cancelled: set[int] = set()
        self._ended = threading.Event()
        self._writing = threading.Lock()

    def run(self) -> int:
        """Serve; returns the process's exit status."""
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()
        try:
            return self._serve()
        finally:
            self._ended.set()

    def send(self, event: protocol.Event) -> None:
        """Write one event; a client that is gone ends the work instead."""
        try:
            with self._writing:
                self._events.write(protocol.encode(event) + "\n")
                self._events.flush()
        except (ValueError, OSError):
            self._cancel()

    def _serve(self) -> int:
        while True:
            request = self._queue.get()
            match request:
                case protocol.Quit():
                    return 0
                case protocol.Hello(protocol=version) if version != protocol.PROTOCOL_VERSION:
                    self.send(protocol.failure(0, _wrong_protocol(version), self._log))
                    return 2
                case protocol.Hello():
                    self.send(self._session.ready())
                case protocol.Unload():
                    self._session.unload()
                    self.send(self._session.ready())
                case OferError():
                    self.send(protocol.failure(0, request, self._log))
                case _:
                    self._answer(request)

    def _answer(self, request: Any) -> None:
        """One request of a kind in the table."""
        work = Work(
            request.id, self.send, lambda: request.id in self._cancelled, self._session.pace
        )
        try:
            event = answer(self._session, request, work)
        except OferError as error:
            if error.code is ErrorCode.CANCELLED:
                event = protocol.Cancelled(request.id)
            else:
                event = protocol.failure(request.id, error, self._log)
        except MemoryError:
            event = protocol.failure(request.id, _out_of_memory(), self._log)
        except Exception as cause:  # noqa: BLE001 - told to the client, with the trace in the log
            traceback.print_exc(file=sys.stderr)
            event = protocol.failure(request.id, _internal(cause), self._log)
        self._pending.discard(request.id)
        self._cancelled.discard(request.id)
        self.send(event)

    def _cancel(self) -> None:
        self._cancelled |= self._pending

    def _read(self) -> None:
        for line in self._requests:
            if not line.strip():
                continue
            try:
                request: Any = protocol.decode_request(line)
            except OferError as error:
                self._queue.put(error)
                continue
            if isinstance(request, protocol.Cancel):
                self._cancel()
                continue
            if type(request) in ANSWERS:
                self._pending.add(request.id)
            self._queue.put(request)
        self._cancel()
        self._queue.put(protocol.Quit())
        if not self._ended.wait(_GRACE_SECONDS):
            os._exit(0)

    def _beat(self) -> None:
        while not self._ended.wait(protocol.HEARTBEAT_SECONDS / 2):
            self.send(protocol.Heartbeat())


def serve(device: str, home: Path | None, threads: int | None, log: str) -> NoReturn:
    """Run the server on this process's stdin and stdout, then end the process.

    The interpreter is not torn down: its reader and heartbeat threads and torch's own may still
    hold locks then, and the process would end in an abort now and again.
    """
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # pyright: ignore
    session = Session(device, home, threads)
    os._exit(Server(sys.stdin, channel, session, log).run())


def _wrong_protocol(version: int) -> OferError:
    return OferError(
        ErrorCode.PROTOCOL_MISMATCH,
        f"The engine {__version__} speaks protocol {protocol.PROTOCOL_VERSION}, not {version}.",
        "Use the engine and the add-on of the same release.",
    )


def _out_of_memory() -> OferError:
    return OferError(
        ErrorCode.OUT_OF_MEMORY,
        "The engine ran out of memory.",
        "Close other programs, ask for fewer candidates, or choose the CPU as the device.",
    )


def _internal(cause: Exception) -> OferError:
    return OferError(
        ErrorCode.INTERNAL,
        f"The engine failed in a way nobody foresaw ({type(cause).__name__}).",
        "Run it again; if it fails again, send the log with a report.",
    )
