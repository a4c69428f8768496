"""A photo that the engine is asked to read. No bpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import handover


@dataclass(frozen=True)
class PhotoSource:
    """key : tells two photos apart; name : for the reconstruction; path : what the engine reads;
    temporary : the path is ours to delete."""

    key: str
    name: str
    path: Path
    temporary: bool = False

    def discard(self) -> None:
        """Delete what was written for the engine."""
        if self.temporary:
            handover.forget(self.path)
