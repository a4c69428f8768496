"""The engine process as the add-on sees it: requests in, events out, faults named. No bpy."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ..contract.errors import ErrorCode, OferError
from ..contract.protocol import (
    PROTOCOL_VERSION,
    Event,
    Failure,
    Heartbeat,
    Hello,
    Ready,
    Request,
    decode_event,
    encode,
    is_last_word,
)
from ..contract.sentence import Sentence
from .child_process import ChildProcess

HANG_SECONDS: Final = 10.0
START_SECONDS: Final = 180.0
"""Loading torch from a cold, slow disk; only until the first word of the engine."""
INATTENTION_SECONDS: Final = 2.0
"""If nobody looked for this long, Blender was busy or the machine slept: the silence is ours."""
LAST_WORDS_SECONDS: Final = 0.5


class EngineClient:
    """One engine process. Raises OferError(ENGINE_MISSING) where it cannot be started.

    Call `events` a few times a second from one thread; no method blocks.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        self.log = log
        self.ready: Ready | None = None
        self.garbage = 0
        self._hang_seconds = hang_seconds
        self._ended = False
        self._dead_since: float | None = None
        self._heard = self._looked = time.monotonic()
        self._child = _start(command, environment, log)
        self.send(Hello(PROTOCOL_VERSION))

    @property
    def usable(self) -> bool:
        """It can still answer requests."""
        return not self._ended and self._child.returncode is None

    @property
    def pid(self) -> int:
        """The engine's process id."""
        return self._child.pid

    def send(self, request: Request) -> None:
        """Give the engine a request; if it is dead, `events` will say so."""
        self._child.send(encode(request))

    def events(self) -> list[Event]:
        """What the engine said since the last call, without its heartbeats.

        A dead or hanging engine adds one last `Failure` with id 0; a hanging one is killed.
        """
        now = time.monotonic()
        if now - self._looked > INATTENTION_SECONDS:
            self._heard = now
        self._looked = now
        events = [event for line in self._child.lines() if (event := self._decode(line, now))]
        if not self._ended:
            events += self._faults(now)
        return [event for event in events if not isinstance(event, Heartbeat)]

    def close(self) -> None:
        """Let the engine end; it is killed if it does not."""
        self._ended = True
        self._child.close()

    def kill(self) -> None:
        """End the engine now."""
        self._ended = True
        self._child.kill()

    def _decode(self, line: str, now: float) -> Event | None:
        try:
            event = decode_event(line)
        except OferError:
            self.garbage += 1
            if is_last_word(line):  # the job would wait for it for ever
                self.kill()
                return _unreadable(self.log)
            return None  # a library printed on stdout: not ours to interpret
        self._heard = now
        if isinstance(event, Ready):
            self.ready = event
        return event

    def _faults(self, now: float) -> list[Event]:
        if self._gone(now):
            code = self._child.returncode
            self.kill()
            return [_died(code, self.log)]
        patience = self._hang_seconds if self.ready else max(self._hang_seconds, START_SECONDS)
        if now - self._heard > patience:
            self.kill()
            return [_hung(patience, self.log)]
        return []

    def _gone(self, now: float) -> bool:
        """It has ended and said all; the system tells the status a moment after the last word."""
        silenced, known = self._child.silenced, self._child.returncode is not None
        if not (silenced or known):
            return False
        if self._dead_since is None:
            self._dead_since = now
        return (silenced and known) or now - self._dead_since > LAST_WORDS_SECONDS


def wrong_protocol(version: int) -> OferError:
    """The error for an engine of another release. version : of the protocol that it speaks."""
    return OferError(
        ErrorCode.PROTOCOL_MISMATCH,
        "The engine speaks protocol {spoken}, this add-on {version}.",
        "Press Set Up Engine to get the engine of this release.",
        spoken=version,
        version=PROTOCOL_VERSION,
    )


def _start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> ChildProcess:
    try:
        return ChildProcess(command, environment, _writable(log))
    except OSError as cause:
        raise OferError(
            ErrorCode.ENGINE_MISSING,
            "The engine is not set up yet.",
            "Press Set Up Engine, or choose the engine's folder in the preferences.",
        ) from cause


def _writable(log: Path) -> Path | None:
    """The log, or None where it cannot be written: a full disk must not stop the engine."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError:
        return None
    return log


def _died(returncode: int | None, log: Path) -> Failure:
    message = Sentence("The engine stopped unexpectedly.")
    if returncode == -9:
        message = Sentence("The system ended the engine, often for want of memory.")
    return Failure(
        0,
        str(ErrorCode.ENGINE_DIED),
        message,
        Sentence("Nothing was changed; try again, and read the log if it happens twice."),
        str(log),
    )


def _unreadable(log: Path) -> Failure:
    return Failure(
        0,
        str(ErrorCode.ENGINE_DIED),
        Sentence("The engine said something that this add-on cannot read, and was ended."),
        Sentence("Run it again; if it fails again, press Set Up Engine."),
        str(log),
    )


def _hung(seconds: float, log: Path) -> Failure:
    return Failure(
        0,
        str(ErrorCode.ENGINE_HUNG),
        Sentence(
            "The engine gave no sign of life for {seconds:.0f} seconds and was ended.",
            seconds=seconds,
        ),
        Sentence(
            "Nothing was changed; try again, and choose the processor in the preferences if it "
            "repeats."
        ),
        str(log),
    )
