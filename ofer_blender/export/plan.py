"""What the artist wants in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from .presets import PRESETS, Preset, Target


class Keys(StrEnum):
    """Which shape keys a file carries."""

    ARKIT = "ARKIT"
    ALL = "ALL"
    HYPOTHESES = "HYPOTHESES"
    NONE = "NONE"


LOD_RATIOS: Final = (1.0, 0.5, 0.25, 0.12)
"""Share of the triangles at each level of detail."""


@dataclass(frozen=True)
class Plan:
    """target : where it goes; path : the file; keys : which are shipped; bake : what is shown now
    becomes the neutral shape; lods : how many levels of detail, 1 or more."""

    target: Target
    path: Path
    keys: Keys = Keys.ARKIT
    bake: bool = False
    lods: int = 1

    @property
    def preset(self) -> Preset:
        """How the target is served."""
        return PRESETS[self.target]

    @property
    def file(self) -> Path:
        """The file, with the target's suffix."""
        return self.path.with_suffix(f".{self.preset.format}")


def identifier(name: str) -> str:
    """A name that every program takes as it is: USD turns anything else into one."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
