"""The 52 ARKit units of a head as shape keys, and its expressions in their terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.files.array_file import read_array
from ...ofer_engine.contract.reconstruction import Reconstruction
from ...ofer_engine.contract.sentence import Sentence
from ..head import head_frame, hypotheses, shape_keys

PROPERTY: Final = "ofer_arkit"
_ARRAYS: Final = ("arkit_units", "expression_arkit", "expression_arkit_residual")
_FARTHEST: Final = 0.2
"""Metres; no unit moves a vertex farther."""
_STILL: Final = 1e-6
"""Metres; what Blender's own arithmetic moves."""
TONGUE: Final = "tongueOut"


def present(head: bpy.types.Object) -> tuple[str, ...]:
    """Names of the units that the head has as keys, in Apple's order."""
    keys = head.data.shape_keys.key_blocks
    return tuple(name for name in ARKIT_52 if name in keys)


def complete(head: bpy.types.Object) -> bool:
    """All 52 are there, and not only as keys of a beard that was joined to the head."""
    return bool(head.ofer.units_of) and len(present(head)) == len(ARKIT_52)


@dataclass(frozen=True, eq=False)
class Units:
    """moves : (52, V, 3) float32 metres, Blender frame, ARKIT_52 order; weights : (E, 52) 0..1,
    each expression in their terms, and residual : (E,) metres that those leave over."""

    moves: np.ndarray
    weights: np.ndarray
    residual: np.ndarray


def in_answer(arrays: Mapping[str, np.ndarray], vertices: int) -> Units | None:
    """The units in the engine's answer to `Express`; None where they were not asked for, or are of
    another mesh."""
    if not set(_ARRAYS) <= arrays.keys():
        return None
    moves, weights, residual = (arrays[name] for name in _ARRAYS)
    fits = (
        moves.shape == (len(ARKIT_52), vertices, 3)
        and weights.shape == (len(weights), len(ARKIT_52))
        and residual.shape == (len(weights),)
        and all(np.isfinite(each).all() for each in (weights, residual))
        and bool((np.abs(moves) < _FARTHEST).all())
    )
    return Units(to_blender(moves), weights, residual) if fits else None


def add(head: bpy.types.Object) -> head_frame.HeadFrame:
    """Add the units that are missing, all at 0, and keep the expressions' weights with the head.

    They are those of the best head, whichever is the Basis, and follow the head as it is now, in
    the frame that is returned. Keys of their names that came with what was joined to the head, as a
    beard's, get the head's movement as well.
    Raises OferError as `head_frame.of`, and OferError(RECONSTRUCTION_DAMAGED) where the
    reconstruction does not hold them or is of another head.
    """
    frame = head_frame.of(head)
    units = _units(frame.record, frame.vertices)
    active = head.active_shape_key_index
    for name, move in zip(ARKIT_52, units.moves, strict=True):
        if key := head.data.shape_keys.key_blocks.get(name):
            if not head.ofer.units_of:
                _move_along(key, frame, move)
            continue
        key = head.shape_key_add(name=name, from_mix=False)
        shape_keys.set_points(key, frame.moved(move))
        key.value = 0.0
    head.active_shape_key_index = active
    head.ofer.units_of = frame.record.identities[0].name
    _keep_weights(head, [item.name for item in frame.record.expressions], units)
    head.data.update()
    return frame


def _move_along(key: bpy.types.ShapeKey, frame: head_frame.HeadFrame, move: np.ndarray) -> None:
    """Let a key that only moves what was joined to the head move the head, too."""
    own, shape = frame.vertices, shape_keys.points(key)
    moved = shape - shape_keys.points(key.relative_key)
    if (np.abs(moved[:own]) <= _STILL * frame.placed.scale).all() and moved[own:].any():
        shape[:own] += frame.moved(move)[:own] - frame.basis[:own]
        shape_keys.set_points(key, shape)


def keep_weights(head: bpy.types.Object, units: Units) -> None:
    """Keep the expressions as weights of the units."""
    drawn = [item for item in head.ofer.expressions if item.name != hypotheses.NEUTRAL]
    drawn = [item for item in drawn if 0 <= item.candidate < len(units.weights)]
    rows = [item.candidate for item in drawn]
    own = Units(units.moves, units.weights[rows], units.residual[rows])
    _keep_weights(head, [item.name for item in drawn], own)


def carried_over(head: bpy.types.Object) -> bool:
    """The units were shaped for another identity than the Basis."""
    return bool(present(head)) and head.ofer.units_of != head.ofer.basis


def weights_of(head: bpy.types.Object, expression: str) -> tuple[dict[str, float], float] | None:
    """An expression as ARKit weights by name, and what they leave over in metres (root mean
    square); None where nobody knows."""
    kept = head.get(PROPERTY)
    if kept is None or expression not in kept:
        return None
    entry = kept[expression].to_dict()
    return dict(zip(ARKIT_52, entry["weights"], strict=True)), float(entry["residual"])


def show(head: bpy.types.Object, weights: dict[str, float]) -> None:
    """Set the units to these weights, those not named to 0."""
    for name in present(head):
        head.data.shape_keys.key_blocks[name].value = weights.get(name, 0.0)


def _keep_weights(head: bpy.types.Object, names: list[str], units: Units) -> None:
    head[PROPERTY] = {
        name: {"weights": row.tolist(), "residual": float(left)}
        for name, row, left in zip(names, units.weights, units.residual, strict=True)
    }


def _units(record: Reconstruction, vertices: int) -> Units:
    units, weights, residual = _ARRAYS
    moves = _table(record, units, (len(ARKIT_52), vertices, 3))
    if not (np.abs(moves) < _FARTHEST).all():  # also catches NaN
        raise _unusable(record, "its ARKit units are no movements of a face")
    expressions = len(record.expressions)
    return Units(
        to_blender(moves),
        _table(record, weights, (expressions, len(ARKIT_52))),
        _table(record, residual, (expressions,)),
    )


def _table(record: Reconstruction, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if not record.has(name):
        raise _unusable(record, "it was made before OFER Faces had ARKit units")
    try:
        values = read_array(record.folder / f"{name}.npy")
    except (OSError, ValueError) as cause:
        raise _unusable(record, Sentence("its {name} cannot be read", name=name)) from cause
    if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
        raise _unusable(record, Sentence("its {name} does not fit this head", name=name))
    if not np.isfinite(values).all():
        raise _unusable(record, Sentence("its {name} holds no numbers", name=name))
    return values


def _unusable(record: Reconstruction, why: str) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "{name} cannot give the 52 ARKit keys: {why}.",
        "Reconstruct the photo again.",
        name=record.folder.name,
        why=Sentence(why),
    )
