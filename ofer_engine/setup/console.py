"""What a long command tells: numbered steps and their progress, for a person or for a program."""

from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Any, Final, TextIO

from ..contract.errors import OferError
from ..contract.sentence import Sentence, joined, to_fields

_MEGABYTE: Final = 1_000_000
_TERMINAL_SECONDS: Final = 0.2
_LOG_SECONDS: Final = 10.0
_JSON_SECONDS: Final = 0.5


def clock(seconds: float) -> str:
    """`1:05` for 65 seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Console:
    """Lines for a person; a terminal sees the running step rewritten in place."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._begun = self._shown = time.monotonic()
        self._step = self._of = 0
        self._name = ""
        self._line = ""
        self._reached = 0.0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._end_line()
        self._write(text + "\n")

    def step(self, i: int, of: int, name: str) -> None:
        """Step `i` of `of` begins."""
        self._end_line()
        self._step, self._of, self._name = i, of, name
        self._begun = self._shown = time.monotonic()
        self._announce()

    def tick(self, done: int = 0, total: int = 0, doing: str = "") -> None:
        """The running step goes on; done, total : bytes, 0 where unknown."""
        now = time.monotonic()
        if now - self._shown >= self._interval():
            self._shown = now
            self._progress(done, total, doing, now - self._begun)

    def finish(self, message: str) -> None:
        """The command did what was asked."""
        self.say(message)

    def fail(self, error: OferError) -> None:
        """The command ends here."""
        self.say(error.sentence)

    def _interval(self) -> float:
        return _TERMINAL_SECONDS if self._terminal else _LOG_SECONDS

    def _announce(self) -> None:
        self._rewrite(f"[{self._step}/{self._of}] {self._name}")

    def _progress(self, done: int, total: int, doing: str, elapsed: float) -> None:
        parts = [f"[{self._step}/{self._of}] {self._name}", doing, _amount(done, total)]
        text = " · ".join(part for part in [*parts, clock(elapsed)] if part)
        self._rewrite(text if self._terminal else f"  {text}")

    def _rewrite(self, text: str) -> None:
        """Put `text` in place of the running line; where lines cannot be rewritten, below it."""
        if not self._terminal:
            self._write(text + "\n")
            return
        shown = text[: shutil.get_terminal_size().columns - 1]
        self._write("\r" + shown.ljust(len(self._line)))
        self._line = shown

    def _end_line(self) -> None:
        if self._line:
            elapsed = clock(time.monotonic() - self._begun)
            self._rewrite(f"[{self._step}/{self._of}] {self._name} · {elapsed}")
            self._write("\n")
            self._line = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class JsonConsole(Console):
    """One JSON object a line, for the add-on's *Set up engine*.

    {"text", "fraction"} while it works, fraction 0..1 of the whole; last either {"done": true,
    "text"} or {"error", "hint", "code"}. Texts are as the contract's `sentence.to_fields` has them.
    """

    def say(self, text: str) -> None:
        self._send(text=to_fields(text), fraction=self._fraction(0, 0))

    def finish(self, message: str) -> None:
        self._send(done=True, text=to_fields(message))

    def fail(self, error: OferError) -> None:
        fields = {"error": to_fields(error.message), "hint": to_fields(error.hint)}
        self._send(**fields, code=str(error.code))

    def _interval(self) -> float:
        return _JSON_SECONDS

    def _announce(self) -> None:
        self.say(self._name)

    def _progress(self, done: int, total: int, doing: str, elapsed: float) -> None:
        parts = (self._name, doing, _amount(done, total), clock(elapsed))
        text = joined(*parts, between=" · ")
        self._send(text=to_fields(text), fraction=self._fraction(done, total))

    def _fraction(self, done: int, total: int) -> float:
        part = min(1.0, done / total) if total else 0.0
        now = round((max(self._step, 1) - 1 + part) / max(self._of, 1), 4)
        self._reached = max(self._reached, now)  # totals grow when more is announced
        return self._reached

    def _send(self, **message: Any) -> None:
        self._write(json.dumps(message) + "\n")


def _amount(done: int, total: int) -> str:
    if total:
        megabytes = [f"{bytes / _MEGABYTE:.0f}" for bytes in (done, total)]
        return Sentence("{done} of {total} MB", done=megabytes[0], total=megabytes[1])
    return f"{done / _MEGABYTE:.0f} MB" if done else ""
