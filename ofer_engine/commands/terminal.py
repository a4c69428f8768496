"""Progress of a command on one line of the terminal."""

from __future__ import annotations

import sys

from ..contract.protocol import Event, Stage


def show(event: Event) -> None:
    """Put a stage in place of the last one."""
    if isinstance(event, Stage):
        show_line(f"{event.name} {event.step}/{event.of}, {event.eta:.0f} s left")


def show_line(text: str) -> None:
    """Put a text in place of the last one; an empty one clears it."""
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="" if text else "\r", file=sys.stderr, flush=True)
