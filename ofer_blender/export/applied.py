"""What modifiers and bones make of a head: all of it as it is shown, or key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..rig import body
from ..rig.at_rest import evaluated
from .plan import Plan
from .shapes import Shapes, chosen, put_on

_MOVING: Final = frozenset((
    "ARMATURE", "CAST", "CLOTH", "CORRECTIVE_SMOOTH", "CURVE", "DISPLACE", "HOOK",
    "LAPLACIANDEFORM", "LAPLACIANSMOOTH", "LATTICE", "MESH_CACHE", "MESH_DEFORM", "SHRINKWRAP",
    "SIMPLE_DEFORM", "SMOOTH", "SOFT_BODY", "SURFACE_DEFORM", "WARP", "WAVE",
))  # fmt: skip
"""Modifiers that move points and make none."""


def rig_in_file(head: bpy.types.Object, plan: Plan) -> bpy.types.Object | None:
    """The armature whose bones are in the file, if any are: the head's own, or its body's."""
    return body.carrier_of(head) if plan.preset.rig else None


def is_applied(modifier: bpy.types.Modifier, head: bpy.types.Object, plan: Plan) -> bool:
    """A modifier's work is in the shapes of the file: what poses by bones that are in the file, or
    by ours at rest, is not."""
    if not modifier.show_viewport or modifier.type == "PARTICLE_SYSTEM":
        return False  # hairs of particles are no part of the mesh
    if modifier.type == "ARMATURE" and modifier.object == body.carrier_of(head):
        return plan.bake and rig_in_file(head, plan) is None
    return plan.modifiers or (plan.bake and modifier.type in _MOVING)


def shape_shown(head: bpy.types.Object, plan: Plan) -> bpy.types.Mesh | None:
    """A new mesh as the head is seen now, pose and modifiers included, in the head's own frame;
    None where that is not what the plan wants, or keys and bones have to fit its points."""
    if not plan.bake or rig_in_file(head, plan) or chosen(head, plan):
        return None
    if not head.visible_get():
        return None  # Blender does not look at what is hidden; it is made from the copy instead
    graph = bpy.context.evaluated_depsgraph_get()
    return bpy.data.meshes.new_from_object(
        head.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
    )


def applied(copy: bpy.types.Object, shapes: Shapes) -> Shapes:
    """Apply the modifiers of a copy that has these shapes, key by key; gives the new shapes, which
    the copy has then.

    Raises OferError(BAD_REQUEST) where a modifier makes other points of one key than of another.
    """
    mesh = evaluated(copy)
    basis, corners = _points(mesh), _corners(mesh)
    moves = np.zeros((len(shapes.names), *basis.shape), np.float32)
    try:
        for move, (name, seen) in zip(moves, _key_by_key(copy, shapes.names), strict=True):
            if len(seen.vertices) != len(basis) or not np.array_equal(_corners(seen), corners):
                raise _unequal(copy, name)
            move[:] = _points(seen) - basis
    except OferError:
        bpy.data.meshes.remove(mesh)
        raise
    old = copy.data
    if old.shape_keys:
        copy.shape_key_clear()  # a mesh leaves them behind, which crash who reads them
    copy.modifiers.clear()
    copy.data = mesh
    bpy.data.meshes.remove(old)
    found = Shapes(basis, shapes.names, moves)
    put_on(copy, found)
    return found


def _key_by_key(
    copy: bpy.types.Object, names: tuple[str, ...]
) -> Iterator[tuple[str, bpy.types.Mesh]]:
    """Each key's name, and what the modifiers make of it alone; the mesh lives for one step."""
    for name in names:
        key = copy.data.shape_keys.key_blocks[name]
        key.value = 1.0
        seen = copy.evaluated_get(bpy.context.evaluated_depsgraph_get())
        try:
            yield name, seen.to_mesh()
        finally:
            seen.to_mesh_clear()
            key.value = 0.0


def _points(mesh: bpy.types.Mesh) -> np.ndarray:
    """(V, 3) float32 metres."""
    found = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", found.ravel())
    return found


def _corners(mesh: bpy.types.Mesh) -> np.ndarray:
    """(L,) int32 vertex of every polygon corner."""
    found = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", found)
    return found


def _unequal(copy: bpy.types.Object, key: str) -> OferError:
    named = ", ".join(each.name for each in copy.modifiers if each.type not in _MOVING)
    return OferError(
        ErrorCode.BAD_REQUEST,
        "Modifiers that make other points for {key} than for the neutral shape cannot be "
        "applied: {named}.",
        "Turn them off in the viewport, or leave Apply Modifiers off.",
        key=key,
        named=named,
    )
