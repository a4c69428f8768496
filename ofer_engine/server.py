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
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from . import __version__
from .contract import protocol
from .contract.causes import as_ofer_error
from .contract.errors import ErrorCode, OferError
from .contract.lines import LONGEST, lines_of
from .contract.sentence import Sentence
from .handlers.table import ANSWERS, answer
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
        """Write one event; a client that is gone ends the work instead.

        Raises ValueError for an event that no client would understand.
        """
        line = protocol.encode(event)
        try:
            with self._writing:
                self._events.write(line + "\n")
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
                    self._guarded(0, self._session.ready)
                case protocol.Unload():
                    self._guarded(0, self._unload)
                case OferError():
                    self.send(protocol.failure(0, request, self._log))
                case _:
                    self._answer(request)

    def _unload(self) -> protocol.Event:
        self._session.unload()
        return self._session.ready()

    def _answer(self, request: Any) -> None:
        """One request of a kind in the table."""
        work = Work(
            request.id, self.send, lambda: request.id in self._cancelled, self._session.pace
        )
        self._guarded(request.id, lambda: answer(self._session, request, work), request.id)

    def _guarded(self, id: int, make: Callable[[], protocol.Event], pending: int = 0) -> None:
        """Send the event that is made, or the failure that tells why there is none."""
        try:
            event = make()
            if len(protocol.encode(event)) > LONGEST:
                raise OferError(
                    ErrorCode.BAD_REQUEST,
                    "There is more to say of this than one message holds.",
                    "Choose fewer files at a time.",
                )
        except Exception as cause:  # noqa: BLE001 - the border: told to the client
            event = self._failure(id, cause)
        self._pending.discard(pending)
        self._cancelled.discard(pending)
        self.send(event)

    def _failure(self, id: int, cause: Exception) -> protocol.Event:
        error = as_ofer_error(cause)
        if error.code is ErrorCode.CANCELLED:
            return protocol.Cancelled(id)
        if not isinstance(cause, OferError):
            traceback.print_exception(cause, file=sys.stderr)
        return protocol.failure(id, error, self._log)

    def _cancel(self) -> None:
        self._cancelled |= self._pending

    def _read(self) -> None:
        """Without a reader nobody can ask for anything: the process ends with it."""
        try:
            for line in lines_of(self._requests):
                self._take(line)
        except Exception as cause:  # noqa: BLE001 - a thread's border
            traceback.print_exception(cause, file=sys.stderr)
        finally:
            self._cancel()
            self._queue.put(protocol.Quit())
            if not self._ended.wait(_GRACE_SECONDS):
                os._exit(0)

    def _take(self, line: str | None) -> None:
        """One line, which may be anything at all; None for one that never ended."""
        try:
            request: Any = protocol.decode_request(line or "a line without an end")
        except Exception as cause:  # noqa: BLE001 - a stranger's line must not deafen the engine
            self._queue.put(as_ofer_error(cause))
            return
        if isinstance(request, protocol.Cancel):
            self._cancel()
            return
        if type(request) in ANSWERS:
            self._pending.add(request.id)
        self._queue.put(request)

    def _beat(self) -> None:
        try:
            while not self._ended.wait(protocol.HEARTBEAT_SECONDS / 2):
                self.send(protocol.Heartbeat())
        except Exception as cause:  # noqa: BLE001 - a thread's border
            traceback.print_exception(cause, file=sys.stderr)
            os._exit(1)  # a silent engine would be taken for a hanging one, seconds later


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
    """As English without values, which every protocol reads."""
    message = Sentence(
        "The engine {version} speaks protocol {version_2}, not {version_3}.",
        version=__version__,
        version_2=protocol.PROTOCOL_VERSION,
        version_3=version,
    )
    return OferError(
        ErrorCode.PROTOCOL_MISMATCH,
        str(message) if version < protocol.PROTOCOL_VERSION else message,
        "Use the engine and the add-on of the same release.",
    )
