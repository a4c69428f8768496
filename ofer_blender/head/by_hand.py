"""What an artist sculpted on single expressions and units, apart from what the engine made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from . import last_moves, shape_keys
from .head_frame import HeadFrame
from .last_moves import LastMoves

_LEAST: Final = 2e-5
"""Metres of a head of its own size: below it lies rounding."""
_FEWEST: Final = 3
"""Keys, among which it can be told what is on one of them alone."""


@dataclass(frozen=True, eq=False)
class EngineKey:
    """A key that the engine shapes; row : its place among the expressions' candidates, or among
    ARKIT_52."""

    key: bpy.types.ShapeKey
    row: int
    unit: bool


def find(head: bpy.types.Object, frame: HeadFrame, keys: list[EngineKey]) -> dict[str, np.ndarray]:
    """Key's name -> (V, 3) float64, metres, object frame: what was sculpted on it, for those on
    which something was.

    What all keys have in common is none of that: it was taken from the Basis by a script. Nothing
    is found where nobody knows what the engine had made of them. Raises OferError as
    `Reconstruction.array`.
    """
    last = last_moves.read(head, frame.vertices)
    rests = [_rest(frame, each, _movements(last, each)) for each in keys]
    if all(rest is not None and _is_none(rest, frame) for rest in rests):
        return {}  # all is as the engine made it last
    drawn = _drawn(frame)
    said_of = {False: head.ofer.expressions_of, True: head.ofer.units_of}
    names, known = [], []
    for each, rest in zip(keys, rests, strict=True):
        if last or said_of[each.unit] == drawn[0]:
            other = _rest(frame, each, _movements(drawn[1], each))
            rest = min(filter(_is_known, (rest, other)), key=_size, default=None)  # pyright: ignore[reportCallIssue]
        if rest is not None:
            names.append(each.key.name)
            known.append(rest)
    if len(known) < _FEWEST or all(_is_none(rest, frame) for rest in known):
        return {}
    apart = np.stack(known)
    apart -= _above_rounding(np.median(apart, axis=0), frame)
    apart = _above_rounding(apart, frame)
    return {name: rest for name, rest in zip(names, apart, strict=True) if rest.any()}


def _above_rounding(moves: np.ndarray, frame: HeadFrame) -> np.ndarray:
    """Movements (…, 3), those that are none set to 0."""
    small = np.linalg.norm(moves, axis=-1, keepdims=True) < _LEAST * frame.placed.scale
    return np.where(small, 0.0, moves)


def _is_none(rest: np.ndarray, frame: HeadFrame) -> bool:
    return float(np.abs(rest).max(initial=0.0)) < _LEAST * frame.placed.scale


def _is_known(rest: np.ndarray | None) -> bool:
    return rest is not None


def _size(rest: np.ndarray) -> float:
    return float(np.abs(rest).sum())


def _movements(moves: LastMoves | None, each: EngineKey) -> np.ndarray | None:
    """(V, 3) that the engine made of a key, if it is among these."""
    if moves is None:
        return None
    rows = moves.units if each.unit else moves.expressions
    return rows[each.row] if each.row < len(rows) else None


def _drawn(frame: HeadFrame) -> tuple[str, LastMoves]:
    """The best head, and its movements in the reconstruction."""
    record, vertices = frame.record, frame.vertices
    best = record.array("identity_vertices")[0]
    expressions = record.numbers("expression_vertices", (None, vertices, 3)) - best
    units = np.empty((0, vertices, 3), np.float32)
    if record.has("arkit_units"):
        units = record.numbers("arkit_units", (None, vertices, 3))
    return record.identities[0].name, LastMoves(to_blender(expressions), to_blender(units))


def _rest(frame: HeadFrame, each: EngineKey, moves: np.ndarray | None) -> np.ndarray | None:
    """(V, 3) float64, metres, object frame: what a key moves but for these movements of the
    engine's."""
    if moves is None:
        return None
    own = slice(frame.vertices)
    moved = shape_keys.points(each.key)[own].astype(np.float64) - frame.basis[own]
    return moved - frame.placed.moves(moves)
