"""The pinned requirements: read from pyproject.toml, the one place that holds them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pins:
    """version : of the project; groups : requirements by the name of their group."""

    version: str
    groups: dict[str, tuple[str, ...]]
    pip: str
    uv: str

    @classmethod
    def read(cls, root: Path) -> Pins:
        """The pins of the project in `root`."""
        document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
        project, tool = document["project"], document["tool"]["ofer"]
        groups = project["optional-dependencies"]
        return cls(
            version=project["version"],
            groups={name: tuple(pins) for name, pins in groups.items()},
            pip=tool["pip"],
            uv=tool["uv"],
        )


def fingerprint(requirements: Iterable[str]) -> str:
    """Hash that tells one set of requirements from another, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(requirements)).encode()).hexdigest()


def version_of(requirement: str) -> str:
    """`2.13.0` for `torch==2.13.0`; empty where the requirement is not pinned."""
    return requirement.partition(";")[0].partition("==")[2].strip()
