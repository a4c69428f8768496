"""What was found in an exported file, of whatever kind."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class FileMesh:
    """name : of the node; keys : shape keys in order; influences : most bones of a vertex; size :
    (3,) metres, extent of the positions; weights : of the keys at rest."""

    name: str
    keys: tuple[str, ...]
    influences: int
    size: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class FileContent:
    """meshes : of the nodes that have one; joints : names of all skins' bones; images : how many
    are inside the file, and outside : how many it only points to."""

    meshes: tuple[FileMesh, ...]
    joints: tuple[str, ...]
    images: int
    outside: int


@contextmanager
def read_of(name: str) -> Iterator[None]:
    """Whatever a file that lies about itself leads to becomes a ValueError that names it."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError,
            struct.error) as cause:  # fmt: skip
        raise ValueError(f"{name} contradicts itself") from cause
