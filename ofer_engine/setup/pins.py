"""The pinned requirements: read from pyproject.toml, the one place that holds them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from .lock import Lock


@dataclass(frozen=True)
class Pins:
    """version : of the project; groups : requirements by the name of their group; uv : likewise;
    lock : what came of them."""

    version: str
    groups: dict[str, tuple[str, ...]]
    uv: str
    lock: Lock

    @classmethod
    def read(cls, root: Path) -> Pins:
        """The pins of the project in `root`."""
        document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        project = document["project"]
        groups = project["optional-dependencies"]
        return cls(
            version=project["version"],
            groups={name: tuple(pins) for name, pins in groups.items()},
            uv=document["tool"]["ofer"]["uv"],
            lock=Lock(root / "requirements"),
        )


def version_of(requirement: str) -> str:
    """`2.13.0` for `torch==2.13.0`; empty where the requirement is not pinned."""
    return requirement.partition(";")[0].partition("==")[2].strip()
