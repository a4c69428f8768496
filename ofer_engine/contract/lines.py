"""Lines from another process, none so long that it fills the memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

LONGEST: Final = 1 << 18
"""Characters of a message; the longest real ones, of hundreds of weight files, have some ten
thousands."""


def lines_of(stream: TextIO) -> Iterator[str | None]:
    """Each line that is not blank, without waiting for the next; None for one that is too long.

    Raises what the stream raises.
    """
    while line := stream.readline(LONGEST + 1):
        if len(line) > LONGEST and not line.endswith("\n"):
            while (rest := stream.readline(LONGEST)) and not rest.endswith("\n"):
                pass
            yield None
        elif line.strip():
            yield line
