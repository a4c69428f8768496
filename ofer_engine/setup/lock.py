"""The lock: every package of every group, what it brings with it, and their hashes.

`requirements/GROUP.txt` is what uv makes from pyproject.toml, for all systems and Pythons at once;
uv installs from it, and pip can (`pip install --require-hashes -r`). The file of a group that is
installed beside the engine holds what the engine's lacks. `torch.txt` is the build of PyTorch in
the common index with its CUDA libraries: the other builds bring other libraries or none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENGINE: Final = "engine"
TEST: Final = "test"
DOCS: Final = "docs"
BLENDER_TEST: Final = "blender-test"
TORCH: Final = "torch"
UV: Final = "uv"


@dataclass(frozen=True)
class Entry:
    """One package of a lock. text : its lines; parents : names of the packages that ask for it."""

    name: str
    text: str
    parents: frozenset[str]


@dataclass(frozen=True)
class Lock:
    """The lock in `folder`."""

    folder: Path

    def file(self, group: str) -> Path:
        """What installs this group."""
        return self.folder / f"{group}.txt"

    def fingerprint(self, group: str) -> str:
        """Hash that tells one state of a group's lock from another."""
        return hashlib.sha256(self.file(group).read_bytes()).hexdigest()

    def entries(self, group: str) -> tuple[Entry, ...]:
        """The packages of a group."""
        return parse(self.file(group).read_text("utf-8"))

    def made_from(self, group: str) -> str:
        """`pins_hash` of the pins that the group's lock was made from."""
        found = re.search(r"^# pins: (\w+)$", self.file(group).read_text("utf-8"), re.MULTILINE)
        return found[1] if found else ""


def pins_hash(pins: Iterable[str]) -> str:
    """Hash that tells one set of pins from another, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(pins)).encode()).hexdigest()


def parse(text: str) -> tuple[Entry, ...]:
    """The entries of a file in the format of pip's requirements, as uv writes it."""
    found = []
    for block in re.split(r"\n(?=\w)", "\n" + text)[1:]:
        name = re.match(r"[\w.-]+", block)
        parents = re.search(r"# via (.*)", block)
        names = parents[1].split(", ") if parents else []
        found.append(Entry(name[0] if name else "", block.rstrip() + "\n", frozenset(names)))
    return tuple(found)
