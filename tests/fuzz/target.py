"""One reader and what strangers send it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Target:
    """sent : a strategy; check : takes one of what is sent, raises where the reader fails."""

    sent: st.SearchStrategy
    check: Callable[[Any], None]
