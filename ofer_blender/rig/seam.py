"""A strip of faces from the open edge of a head's neck to that of its body's mesh."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import bmesh
import bpy
import numpy as np
from mathutils import Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import helper_keys, open_edges
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
    """An object that the body's bones move as they move both edges; the head's earlier one is made
    anew. It wears the skin of the head, as it is at its edge. The body stays as it is.

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


def of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The strip that was made for a head, or by its name, as earlier versions made it; none that
    another head has as well, as the head's copy."""
    found = head.ofer.seam
    if found is None:
        found = bpy.data.objects.get(_name(head))
    if found is None or found.type != "MESH" or body.MODIFIER not in found.modifiers:
        return None
    others = [each for each in bpy.data.objects if each != head and each.ofer.seam == found]
    shared = any(each.ofer.is_head and each.users_scene for each in others)
    return found if found.users_scene and not shared else None


def succeed(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Let the strip of an old head, if it has one, close the gap of a new one on the same body;
    where that has no open edge it stays as it is."""
    strip = of(old)
    if strip is None:
        return
    fit = helper_keys.get(old, helper_keys.NECK_FIT) is not None
    old.ofer.seam, new.ofer.seam = None, strip
    strip.name = _name(new)
    with suppress(OferError):
        bpy.context.view_layer.update()  # which knows only then of the new one
        bridge(new, fit=fit)


def gap(
    head: bpy.types.Object, seam: bpy.types.Object, armature: bpy.types.Object, points: np.ndarray
) -> float:
    """Metres from the farthest vertex of the edge of a head's neck to its strip, both at rest; none
    without an edge. points : (V, 3) of the head, in its own frame."""
    try:
        edge = points[_lowest(head, armature).numbers]
    except OferError:
        return 0.0
    with shape_at_rest(seam, armature, modifiers=True) as mesh:
        strip = np.array([seam.matrix_world @ vert.co for vert in mesh.vertices])
    if not len(strip):
        return 0.0
    places = np.array([head.matrix_world @ Vector(each) for each in edge.tolist()])
    return float(np.linalg.norm(places[:, None] - strip, axis=2).min(1).max())


def _name(head: bpy.types.Object) -> str:
    return f"{head.name} seam"


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
    mesh = bpy.data.meshes.new(_name(head))
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
    seam = _object(head, mesh)
    for number, weights in enumerate((*upper.weights, *lower.weights)):
        for name, weight in weights.items():
            group = seam.vertex_groups.get(name) or seam.vertex_groups.new(name=name)
            group.add([number], weight, "REPLACE")
    seam.parent, seam.parent_type = armature, "OBJECT"
    seam.matrix_parent_inverse = body_bones.into_frame(armature)
    seam.matrix_basis.identity()
    moves = seam.modifiers.get(body.MODIFIER) or seam.modifiers.new(body.MODIFIER, "ARMATURE")
    moves.object = armature
    return seam


def _object(head: bpy.types.Object, mesh: bpy.types.Mesh) -> bpy.types.Object:
    """The head's strip with another mesh and without vertex groups, or a new one."""
    seam = of(head)
    if seam is None:
        seam = bpy.data.objects.new(mesh.name, mesh)
        link_beside(seam, head)
    else:
        was, seam.data = seam.data, mesh
        seam.vertex_groups.clear()
        if not was.users:
            name = was.name
            bpy.data.meshes.remove(was)
            mesh.name = name
    head.ofer.seam = seam
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
