"""The 52 ARKit units of a head as shape keys, and its expressions in their terms."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ..ofer_engine.contract.arkit import ARKIT_52
from ..ofer_engine.contract.errors import ErrorCode, OferError
from ..ofer_engine.contract.reconstruction import Reconstruction, read
from . import hypotheses
from .frame import to_blender

PROPERTY: Final = "ofer_arkit"
_FARTHEST: Final = 0.2
"""Metres; no unit moves a vertex farther."""
TONGUE: Final = "tongueOut"


def present(head: bpy.types.Object) -> tuple[str, ...]:
    """Names of the units that the head has as keys, in Apple's order."""
    keys = head.data.shape_keys.key_blocks
    return tuple(name for name in ARKIT_52 if name in keys)


def complete(head: bpy.types.Object) -> bool:
    """All 52 are there."""
    return len(present(head)) == len(ARKIT_52)


def folder_of(head: bpy.types.Object) -> Path:
    """The head's NAME.ofer. Raises OferError(RECONSTRUCTION_DAMAGED) where it is gone."""
    folder = Path(bpy.path.abspath(head.ofer.folder)) if head.ofer.folder else None
    if folder is None or not folder.is_dir():
        raise OferError(
            ErrorCode.RECONSTRUCTION_DAMAGED,
            f"The reconstruction of {head.name} is not where it was.",
            "Open the reconstruction again, or reconstruct the photo again.",
        )
    return folder


def add(head: bpy.types.Object) -> None:
    """Add the units that are missing, all at 0, and keep the expressions' weights with the head.

    Raises OferError(RECONSTRUCTION_DAMAGED) where the reconstruction does not hold them or is of
    another head.
    """
    record = read(folder_of(head))
    units = _units(record, len(head.data.vertices))
    weights = _table(record, "expression_arkit", (len(record.expressions), len(ARKIT_52)))
    residual = _table(record, "expression_arkit_residual", (len(record.expressions),))
    basis = hypotheses.points(head.data.shape_keys.reference_key)
    active = head.active_shape_key_index
    for name, unit in zip(ARKIT_52, units, strict=True):
        if name in head.data.shape_keys.key_blocks:
            continue
        key = head.shape_key_add(name=name, from_mix=False)
        hypotheses.set_points(key, basis + unit)
        key.value = 0.0
    head.active_shape_key_index = active
    names = [item.name for item in record.expressions]
    head[PROPERTY] = {
        name: {"weights": row.tolist(), "residual": float(left)}
        for name, row, left in zip(names, weights, residual, strict=True)
    }
    head.data.update()


def told(head: bpy.types.Object, expression: str) -> tuple[dict[str, float], float] | None:
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


def _units(record: Reconstruction, vertices: int) -> np.ndarray:
    """(52, V, 3) float32 metres, Blender frame."""
    units = _table(record, "arkit_units", (len(ARKIT_52), vertices, 3))
    if not (np.abs(units) < _FARTHEST).all():  # also catches NaN
        raise _unusable(record, "its ARKit units are no movements of a face")
    return to_blender(units)


def _table(record: Reconstruction, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if not record.has(name):
        raise _unusable(record, "it was made before OFER Faces had ARKit units")
    values = record.array(name)
    if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
        raise _unusable(record, f"its {name} does not fit this head")
    if not np.isfinite(values).all():
        raise _unusable(record, f"its {name} holds no numbers")
    return values


def _unusable(record: Reconstruction, why: str) -> OferError:
    return OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        f"{record.folder.name} cannot give the 52 ARKit keys: {why}.",
        "Reconstruct the photo again.",
    )
