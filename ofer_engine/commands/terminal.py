"""What commands say in a terminal: their progress on one line, and how sure a head is."""

from __future__ import annotations

import sys

from ..contract.certainty import certainty, describe, describe_parts
from ..contract.protocol import Event, Stage
from ..contract.reconstruction import Reconstruction


def show(event: Event) -> None:
    """Put a stage in place of the last one."""
    if isinstance(event, Stage):
        show_line(f"{event.name} {event.step}/{event.of}, {event.eta:.0f} s left")


def show_line(text: str) -> None:
    """Put a text in place of the last one; an empty one clears it."""
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="" if text else "\r", file=sys.stderr, flush=True)


def show_certainty(reconstruction: Reconstruction) -> None:
    """How much the photos decide: of the whole face, and of its parts."""
    found = certainty(reconstruction)
    print(describe(found))
    if found.parts:
        print(describe_parts(found))
