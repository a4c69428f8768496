"""What a batch asks of those that work on it, whether processes here or actors of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .photo_list import Task
from .settings import Outcome


class Workers(Protocol):
    """Some engines. Each has at most one task at a time, so that nothing waits in memory."""

    def take(self, task: Task) -> bool:
        """Give a task to an idle worker; False where none is idle."""
        ...

    def wait(self, seconds: float) -> Sequence[tuple[int, Outcome | None]]:
        """Tasks that ended within so many seconds: number, and what became of it, or None where its
        worker died. A dead worker is replaced."""
        ...

    def close(self) -> None:
        """End all workers at once, whatever they do."""
        ...
