"""How the engine moved each expression and unit last, kept with a head: what a key has beyond that
was sculpted on it by hand, and is not lost when the engine computes it anew."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ..undo import likeness

PROPERTY: Final = "ofer_last_moves"
_HEAD: Final = struct.Struct("<4sfII")
_MARK: Final = b"OFm1"
_MOST_KEYS: Final = 4096
_SQUEEZED: Final = 1
"""Of 9: tighter takes long and brings little; so does a search for more than runs of one byte."""
_WHOLE: Final = 32767


@dataclass(frozen=True, eq=False)
class LastMoves:
    """expressions : (E, V, 3) in the order of the candidates; units : (U, V, 3) in ARKIT_52's
    order, none or all; float32 metres, Blender frame."""

    expressions: np.ndarray
    units: np.ndarray


def stepped(expressions: np.ndarray, units: np.ndarray) -> tuple[LastMoves, float]:
    """Moves as they will be read again, and the step in metres."""
    largest = max(float(np.abs(each).max(initial=0.0)) for each in (expressions, units))
    step = float(np.float32(max(largest, 1e-9) / _WHOLE))
    whole = (np.rint(each / step).astype(np.float32) * step for each in (expressions, units))
    return LastMoves(*(each.astype(np.float32) for each in whole)), step


def keep(head: bpy.types.Object, moves: LastMoves, step: float) -> None:
    """Keep with the head what `stepped` gave."""
    numbers = [np.rint(each / step).astype("<i2") for each in (moves.expressions, moves.units)]
    squeezer = zlib.compressobj(_SQUEEZED, strategy=zlib.Z_RLE)
    squeezed = squeezer.compress(b"".join(each.tobytes() for each in numbers)) + squeezer.flush()
    counts = (len(each) for each in numbers)
    likeness.keep(head, PROPERTY, _HEAD.pack(_MARK, step, *counts) + squeezed)


def read(head: bpy.types.Object, vertices: int) -> LastMoves | None:
    """What `keep` wrote for a head of so many vertices; None where it did not, or the property does
    not hold it any more."""
    kept = head.get(PROPERTY)
    if not isinstance(kept, bytes) or len(kept) < _HEAD.size:
        return None
    mark, step, expressions, units = _HEAD.unpack_from(kept)
    size = 2 * 3 * vertices * (expressions + units)
    if mark != _MARK or expressions + units > _MOST_KEYS or not 0 < step < 1:
        return None
    try:
        numbers = zlib.decompressobj().decompress(kept[_HEAD.size :], size + 1)
    except zlib.error:
        return None
    if len(numbers) != size:
        return None
    moves = np.frombuffer(numbers, "<i2").reshape(-1, vertices, 3).astype(np.float32) * step
    return LastMoves(moves[:expressions], moves[expressions:])
