"""The order in which the gallery lists its heads: by rank, or by what the eye can follow."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.face_parts import FACE_PARTS
from ...ofer_engine.contract.hint_places import HINTS
from ...ofer_engine.contract.reconstruction import read
from . import head_frame, hypotheses, packed_reconstruction

ORDERS: Final = (
    ("RANK", "Rank", "The likeliest first, as they were drawn"),
    ("WIDTH", "Width", "From narrow faces to wide ones"),
    ("JAW", "Jaw", "From narrow jaws to wide ones"),
    ("NOSE", "Nose", "From short noses to long ones"),
    ("AGE", "Age", "From young faces to old ones"),
)
_MEASURED: Final = {"WIDTH": ("cheeks", 0), "JAW": ("jaw", 0), "NOSE": ("nose", 1)}
"""Of each order, the part that is measured and along which axis of the engine's frame."""


def sort(head: bpy.types.Object, by: str) -> None:
    """List the heads in an order of ORDERS, blends first; what is shown stays.

    Raises OferError(RECONSTRUCTION_DAMAGED) where the reconstruction is gone.
    """
    items, chosen = head.ofer.identities, hypotheses.chosen_identity(head)
    sizes = _ages(head) if by == "AGE" else _sizes(head, by) if by in _MEASURED else {}
    wanted = sorted(items, key=lambda i: (i.candidate >= 0, sizes.get(i.name, 0.0), i.rank))
    for place, name in enumerate([item.name for item in wanted]):
        items.move(items.find(name), place)
    with hypotheses.still(head):
        head.ofer.identity_index = items.find(chosen)


def _ages(head: bpy.types.Object) -> dict[str, float]:
    """Where each head of the reconstruction lies on the axis of age that hints go along."""
    record = read(packed_reconstruction.ensure(head))
    if not record.has("hint_values"):
        return {}
    ages = record.array("hint_values")[:, HINTS.index("age")]
    return {each.name: float(ages[each.candidate]) for each in record.identities}


def _sizes(head: bpy.types.Object, by: str) -> dict[str, float]:
    """How large the part that an order goes by is on each head of the gallery."""
    part, axis = _MEASURED[by]
    record = read(packed_reconstruction.ensure(head))
    if not record.has("part_masks"):
        return {}
    weights = record.array("part_masks")[FACE_PARTS.index(part)].astype(np.float64)
    drawn = record.array("identity_vertices")[..., axis].astype(np.float64)
    along = {each.name: points for each, points in zip(record.identities, drawn, strict=True)}
    along |= _as_they_are(head, axis)
    return {name: _spread(points, weights) for name, points in along.items()}


def _as_they_are(head: bpy.types.Object, axis: int) -> dict[str, np.ndarray]:
    """(V,) metres along an axis of the engine's frame: the heads of the gallery with what the
    artist sculpted on them; none where the mesh is the engine's no more."""
    try:
        frame = head_frame.of(head)
    except OferError as error:
        if error.code != ErrorCode.BAD_REQUEST:
            raise
        return {}
    way = np.linalg.inv(frame.placed.linear).T @ ENGINE_TO_BLENDER[:, axis]
    own = slice(frame.vertices)
    shapes = ((item.name, hypotheses.shape_of(head, item.name)) for item in head.ofer.identities)
    return {
        name: (shape[own] - frame.placed.offset) @ way
        for name, shape in shapes
        if shape is not None
    }


def _spread(along: np.ndarray, weights: np.ndarray) -> float:
    middle = along @ weights / max(weights.sum(), 1e-9)
    return float(np.square(along - middle) @ weights)
