"""The open edge of a head's neck, and the face that closes it in a file."""

from __future__ import annotations

import bmesh
import bpy
from mathutils import Vector


def close(mesh: bpy.types.Mesh) -> None:
    """Close the lowest open edge of a mesh by one flat face of the skin around it.

    No vertex is added, so that keys, weights and what follows by number stay. mesh : without shape
    keys, in the head's own frame, Z up. Where nothing is open, nothing is done.
    """
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        loops = _open_loops(work)
        if not loops:
            return
        _cap(work, min(loops, key=_height))
        work.to_mesh(mesh)
    finally:
        work.free()
    mesh.update()


def _open_loops(work: bmesh.types.BMesh) -> list[list[bmesh.types.BMLoop]]:
    """Closed rounds of edges that have one face, each as corners of those faces, in the order in
    which the faces run; rounds that touch themselves are left out."""
    follows: dict[bmesh.types.BMVert, bmesh.types.BMLoop | None] = {}
    for edge in work.edges:
        if edge.is_boundary:
            corner = edge.link_loops[0]
            follows[corner.vert] = None if corner.vert in follows else corner
    found: list[list[bmesh.types.BMLoop]] = []
    while follows:
        start, corner = follows.popitem()
        around = []
        while corner is not None:
            around.append(corner)
            after = corner.link_loop_next.vert
            if after == start:
                found.append(around)
                break
            corner = follows.pop(after, None)
    return found


def _height(around: list[bmesh.types.BMLoop]) -> float:
    return sum(corner.vert.co.z for corner in around) / len(around)


def _cap(work: bmesh.types.BMesh, around: list[bmesh.types.BMLoop]) -> None:
    """One face over a round, looking out, with the material and the picture of its edge."""
    face = work.faces.new([corner.vert for corner in reversed(around)])
    face.material_index = around[0].face.material_index
    face.smooth = False
    for layer in work.loops.layers.uv.values():
        places = {corner.vert: Vector(corner[layer].uv) for corner in around}
        for corner in face.loops:
            corner[layer].uv = places[corner.vert]
