"""One line of a check: how bad it is, what it is, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

AGAIN: Final = "ofer.export_head"
"""The fix where the file is at fault."""
_NAMED: Final = 8


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """text : one sentence; fix : the operator that helps, or ""."""

    level: Level
    text: str
    fix: str = ""


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first of very many."""
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
