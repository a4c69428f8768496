"""A strip of faces from the open edge of a head's neck to that of its body's mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bmesh
import bpy
import numpy as np
from mathutils import Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import open_edges
from ..head.linked import link_beside
from . import body, body_bones, neck_fit
from .at_rest import shape_at_rest

_FARTHEST: Final = 0.3
"""Metres between the middles of both edges."""


@dataclass(frozen=True, eq=False)
class _Edge:
    """A round of n vertices. numbers : (n,) in the mesh as seen; places : (n, 3) metres, world;
    weights : of the bones, a vertex; uv : (n, 2) or None; material : of the faces there."""

    numbers: np.ndarray
    places: np.ndarray
    weights: tuple[dict[str, float], ...]
    uv: np.ndarray | None
    material: bpy.types.Material | None

    @property
    def middle(self) -> np.ndarray:
        """(3,) metres."""
        return self.places.mean(0)


def bridge(head: bpy.types.Object, *, fit: bool) -> bpy.types.Object:
    """A new object that the body's bones move as they move both edges. It wears the skin of the
    head, as it is at its edge. The body stays as it is.

    fit : the head's lower neck is eased to the body's edge, in a key of its own (`neck_fit`).
    Raises OferError(BAD_REQUEST) for a head on no body, or where the head, or what the body's bones
    move near its neck, has no open edge.
    """
    armature = body.body_of(head)
    if armature is None:
        raise _refusal("{name} is on no body.", "Press Attach to Armature first.", head)
    upper = _lowest(head, armature)
    worn = [each for each in body.meshes_of(armature) if body.MODIFIER not in each.modifiers]
    others = [each for mesh in worn for each in _edges(mesh, armature)]
    others = [each for each in others if _apart(each, upper) < _FARTHEST]
    if not others:
        raise _refusal(
            "What {name} moves has no open edge near the neck of the head.",
            "Delete the head of the body's mesh, so that its neck is open.",
            armature,
        )
    lower = min(others, key=lambda each: _apart(each, upper))
    if fit and neck_fit.ease(head, armature, upper.numbers, lower.places):
        upper = _lowest(head, armature)
    return _strip(head, armature, upper, lower)


def _lowest(head: bpy.types.Object, armature: bpy.types.Object) -> _Edge:
    """The open edge of a head's neck. Raises OferError(BAD_REQUEST)."""
    own = _edges(head, armature, modifiers=False)
    if not own:
        raise _refusal("The neck of {name} has no open edge.", "Open its neck first.", head)
    return min(own, key=lambda each: each.middle[2])


def _apart(one: _Edge, other: _Edge) -> float:
    return float(np.linalg.norm(one.middle - other.middle))


def _edges(
    thing: bpy.types.Object, armature: bpy.types.Object, *, modifiers: bool = True
) -> list[_Edge]:
    """All open edges of an object as it is seen at rest."""
    names = {group.index: group.name for group in thing.vertex_groups
             if group.name in armature.data.bones}  # fmt: skip
    slots = [slot.material for slot in thing.material_slots]
    work = bmesh.new()
    try:
        with shape_at_rest(thing, armature, modifiers=modifiers) as mesh:
            work.from_mesh(mesh)
        deform, picture = work.verts.layers.deform.active, work.loops.layers.uv.active
        found = []
        for around in open_edges.rounds(work):
            verts = [corner.vert for corner in around]
            followed = [vert[deform].items() if deform else () for vert in verts]
            slot = around[0].face.material_index
            found.append(
                _Edge(
                    np.array([vert.index for vert in verts]),
                    np.array([thing.matrix_world @ vert.co for vert in verts]),
                    tuple({names[n]: w for n, w in each if n in names} for each in followed),
                    np.array([corner[picture].uv for corner in around]) if picture else None,
                    slots[slot] if slot < len(slots) else None,
                )
            )
        return found
    finally:
        work.free()


def _strip(
    head: bpy.types.Object, armature: bpy.types.Object, upper: _Edge, lower: _Edge
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(f"{head.name} seam")
    seam = bpy.data.objects.new(mesh.name, mesh)
    work = bmesh.new()
    try:
        edges = []
        for each in (upper, lower):
            verts = [work.verts.new(place) for place in each.places]
            edges += [
                work.edges.new(pair) for pair in zip(verts, verts[1:] + verts[:1], strict=True)
            ]
        bmesh.ops.bridge_loops(work, edges=edges)
        work.verts.index_update()
        bmesh.ops.recalc_face_normals(work, faces=work.faces)
        if _runs_with(work, len(upper.places)):
            bmesh.ops.reverse_faces(work, faces=work.faces)
        _paint(work, upper, lower)
        work.to_mesh(mesh)
    finally:
        work.free()
    if upper.material:
        mesh.materials.append(upper.material)
    for number, weights in enumerate((*upper.weights, *lower.weights)):
        for name, weight in weights.items():
            group = seam.vertex_groups.get(name) or seam.vertex_groups.new(name=name)
            group.add([number], weight, "REPLACE")
    link_beside(seam, head)
    seam.parent = armature
    seam.matrix_parent_inverse = body_bones.into_frame(armature)
    seam.modifiers.new(body.MODIFIER, "ARMATURE").object = armature
    return seam


def _runs_with(work: bmesh.types.BMesh, count: int) -> bool:
    """Whether the strip's faces run along its upper edge, the first `count` vertices, as those of
    the head do: then they look inwards."""
    corners = (corner for face in work.faces for corner in face.loops)
    ends = ((each.vert.index, each.link_loop_next.vert.index) for each in corners)
    return any(end < count and end == (start + 1) % count for start, end in ends if start < count)


def _paint(work: bmesh.types.BMesh, upper: _Edge, lower: _Edge) -> None:
    """Smooth faces, whose lower edge has the picture of the nearest place of the upper one."""
    for face in work.faces:
        face.smooth = True
    if upper.uv is None:
        return
    nearest = np.linalg.norm(lower.places[:, None] - upper.places, axis=2).argmin(1)
    uv = np.concatenate((upper.uv, upper.uv[nearest]))
    layer = work.loops.layers.uv.new("UVMap")
    for face in work.faces:
        for corner in face.loops:
            corner[layer].uv = Vector(uv[corner.vert.index])


def _refusal(message: str, hint: str, thing: bpy.types.Object) -> OferError:
    return OferError(ErrorCode.BAD_REQUEST, message, hint, name=thing.name)
