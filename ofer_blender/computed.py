"""What the engine computed for the Basis of a head: its expressions, and the 52 ARKit units."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..ofer_engine.contract.arkit import ARKIT_52
from ..ofer_engine.contract.errors import ErrorCode, OferError
from . import arkit_keys, hypotheses
from .frame import to_blender
from .head_frame import HeadFrame

_FARTHEST = 10.0
"""Metres; no vertex of a head is farther from its origin."""


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
        with np.load(path, allow_pickle=False) as answer:
            arrays = {name: answer[name] for name in answer.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as cause:
        raise _unreadable() from cause
    expressions, neutral = arrays.get("expression_vertices"), arrays.get("identity_vertices")
    fits = expressions is not None and _fits(expressions, 3, vertices)
    if not fits or not (neutral is None or _fits(neutral, 2, vertices)):
        raise _unreadable()
    units = arkit_keys.in_answer(arrays, vertices)
    told = None if neutral is None else to_blender(neutral)
    return Computed(to_blender(expressions), told, units)


def off(head: bpy.types.Object, frame: HeadFrame, computed: Computed) -> float:
    """Metres by which the keys of a head differ at most from what was computed."""
    return max(
        (
            float(np.abs(hypotheses.points(key) - wanted)[: frame.vertices].max())
            for key, wanted in _wanted(head, frame, computed)
        ),
        default=0.0,
    )


def renew(head: bpy.types.Object, frame: HeadFrame, computed: Computed) -> None:
    """Give expressions and units what was computed, laid on the head as it is; strengths stay, and
    what was joined to the head keeps its shape in every key."""
    for key, wanted in _wanted(head, frame, computed):
        had = hypotheses.points(key)
        had[: frame.vertices] = wanted[: frame.vertices]
        hypotheses.set_points(key, had)
    head.ofer.expressions_of = head.ofer.basis
    if computed.units:
        arkit_keys.tell(head, computed.units)
    head.data.update()


def _wanted(
    head: bpy.types.Object, frame: HeadFrame, computed: Computed
) -> Iterator[tuple[bpy.types.ShapeKey, np.ndarray]]:
    """Each key that there is something for, and the points (N, 3) that it is to have."""
    keys = head.data.shape_keys.key_blocks
    for item in head.ofer.expressions:
        key = keys.get(item.name)
        if (
            key
            and item.name != hypotheses.NEUTRAL
            and 0 <= item.candidate < len(computed.expressions)
        ):
            yield key, frame.shape(computed.expressions[item.candidate], computed.neutral)
    for name, move in zip(ARKIT_52, computed.units.moves if computed.units else (), strict=False):
        if name in keys:
            yield keys[name], frame.moved(move)


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
