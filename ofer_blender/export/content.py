"""What was found in an exported file, of whatever kind."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FileMesh:
    """name : of the node; keys : shape keys in order; influences : most bones of a vertex; size :
    (3,) metres, extent of the positions; weights : of the keys at rest."""

    name: str
    keys: tuple[str, ...]
    influences: int
    size: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Curve:
    """times : (F,) seconds; values : (F, W), a key's weight (1) or a bone's turn as a quaternion
    w x y z (4), straight lines between them."""

    times: np.ndarray
    values: np.ndarray

    def at(self, time: float) -> np.ndarray:
        """(W,) at a time."""
        return np.array([np.interp(time, self.times, column) for column in self.values.T])


@dataclass(frozen=True, eq=False)
class FileAnimation:
    """name; weights : of keys by their names in the file, of the first mesh; turns : of bones."""

    name: str
    weights: Mapping[str, Curve]
    turns: Mapping[str, Curve]

    @property
    def seconds(self) -> float:
        """From 0 to its last frame."""
        curves = (*self.weights.values(), *self.turns.values())
        return max((float(each.times[-1]) for each in curves if len(each.times)), default=0.0)


@dataclass(frozen=True)
class FileContent:
    """meshes : of the nodes that have one; joints : names of all skins' bones; images : how many
    are inside the file, and outside : how many it only points to; animations : all of them."""

    meshes: tuple[FileMesh, ...]
    joints: tuple[str, ...]
    images: int
    outside: int
    animations: tuple[FileAnimation, ...] = ()


@contextmanager
def read_of(name: str) -> Iterator[None]:
    """Whatever a file that lies about itself leads to becomes a ValueError that names it."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError,
            struct.error) as cause:  # fmt: skip
        raise ValueError(f"{name} contradicts itself") from cause
