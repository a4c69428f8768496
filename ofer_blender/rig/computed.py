"""What the engine computed for the Basis of a head: its expressions, and the 52 ARKit units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.files.array_archive import arrays_in
from ..head import by_hand, hypotheses, last_moves, shape_keys, shaping
from ..head.head_frame import HeadFrame
from . import arkit_keys, visemes

_FARTHEST: Final = 10.0
"""Metres; no vertex of a head is farther from its origin."""
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, eq=False)
class Computed:
    """expressions : (E, V, 3) float32, metres, Blender frame, in the order of the candidates;
    neutral : (V, 3), the head that they were computed on, None where the answer does not say;
    units : None where they were not asked for.
    """

    expressions: np.ndarray
    neutral: np.ndarray | None
    units: arkit_keys.Units | None


def read(path: Path, vertices: int) -> Computed:
    """The engine's answer to `Express`, for a head of so many vertices.

    Raises OferError(RECONSTRUCTION_DAMAGED).
    """
    try:
        with path.open("rb") as file:  # in memory, and no plain file, where `handover` can
            arrays = arrays_in(file, _MOST_BYTES)
    except (OSError, ValueError) as cause:
        raise _unreadable() from cause
    expressions, neutral = arrays.get("expression_vertices"), arrays.get("identity_vertices")
    fits = expressions is not None and _fits(expressions, 3, vertices)
    if not fits or not (neutral is None or _fits(neutral, 2, vertices)):
        raise _unreadable()
    units = arkit_keys.in_answer(arrays, vertices)
    base = None if neutral is None else to_blender(neutral)
    return Computed(to_blender(expressions), base, units)


def differs(head: bpy.types.Object, frame: HeadFrame, computed: Computed, tolerance: float) -> bool:
    """A key of a head is off what was computed by more than so many metres."""
    own = slice(frame.vertices)
    return any(
        float(np.abs(shape_keys.points(each.key)[own] - laid[own]).max()) > tolerance
        for each in _keys(head, computed)
        for laid in (_laid(frame, computed, each),)
    )


def renew(head: bpy.types.Object, frame: HeadFrame, computed: Computed) -> None:
    """Give expressions and units what was computed, laid on the head as it is; strengths stay, and
    so does what was sculpted on one of them, and the shape of what was joined to the head."""
    stepped, step = _stepped(frame, computed)
    spoken = visemes.moves(head)
    for key, wanted in _wanted(head, frame, computed, stepped):
        had = shape_keys.points(key)
        had[: frame.vertices] = wanted[: frame.vertices]
        shape_keys.set_points(key, had)
    visemes.follow(head, spoken)
    if computed.units:
        arkit_keys.keep_weights(head, computed.units)
    _settle(head, computed)
    last_moves.keep(head, stepped, step)
    shaping.follow_expression(head)
    head.data.update()


def settle(head: bpy.types.Object, frame: HeadFrame, computed: Computed) -> None:
    """Note that the keys of a head are those computed for its Basis."""
    _settle(head, computed)
    last_moves.keep(head, *_stepped(frame, computed))


def _settle(head: bpy.types.Object, computed: Computed) -> None:
    head.ofer.expressions_of = head.ofer.basis
    if computed.units:
        head.ofer.units_of = head.ofer.basis


def _wanted(
    head: bpy.types.Object, frame: HeadFrame, computed: Computed, stepped: last_moves.LastMoves
) -> Iterator[tuple[bpy.types.ShapeKey, np.ndarray]]:
    """Each key that there is something for, and the points (N, 3) that it is to have."""
    found = list(_keys(head, computed))
    sculpted = by_hand.find(head, frame, found)
    for each in found:
        extra = sculpted.get(each.key.name)
        if extra is None:
            yield each.key, _laid(frame, computed, each)
        else:  # on whole steps: else it would creep each time it is found again
            moves = stepped.units if each.unit else stepped.expressions
            yield each.key, frame.moved(moves[each.row], extra)


def _laid(frame: HeadFrame, computed: Computed, each: by_hand.EngineKey) -> np.ndarray:
    if each.unit:
        return frame.moved(computed.units.moves[each.row])
    return frame.shape(computed.expressions[each.row], computed.neutral)


def _keys(head: bpy.types.Object, computed: Computed) -> Iterator[by_hand.EngineKey]:
    keys = head.data.shape_keys.key_blocks
    for item in head.ofer.expressions:
        key = keys.get(item.name)
        shaped = item.name != hypotheses.NEUTRAL
        if key and shaped and 0 <= item.candidate < len(computed.expressions):
            yield by_hand.EngineKey(key, item.candidate, unit=False)
    for row, name in enumerate(ARKIT_52 if computed.units else ()):
        if name in keys:
            yield by_hand.EngineKey(keys[name], row, unit=True)


def _stepped(frame: HeadFrame, computed: Computed) -> tuple[last_moves.LastMoves, float]:
    neutral = frame.neutral if computed.neutral is None else computed.neutral
    units = computed.units.moves if computed.units else np.empty((0, *neutral.shape), np.float32)
    return last_moves.stepped(computed.expressions - neutral, units)


def _fits(values: np.ndarray, axes: int, vertices: int) -> bool:
    return (
        values.ndim == axes
        and values.shape[-2:] == (vertices, 3)
        and values.dtype.kind == "f"
        and bool((np.abs(values) < _FARTHEST).all())  # also catches NaN
    )


def _unreadable() -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "The engine's expressions cannot be read.",
        "The expressions stay as they were; try again.",
    )
