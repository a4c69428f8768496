"""How much is computed at once: more is a little quicker, less takes less memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class BatchSizes:
    """rows : that one call of a network gets, so that a cancel waits for one call, not for them
    all; heads : whose vertices are in memory at once, beside those that are kept."""

    rows: int
    heads: int


LARGE: Final = BatchSizes(rows=128, heads=50)
SMALL: Final = BatchSizes(rows=8, heads=4)
