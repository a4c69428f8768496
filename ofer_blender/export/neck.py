"""The open edge of a head's neck, and the face that closes it in a file."""

from __future__ import annotations

import bmesh
import bpy
from mathutils import Vector

from ..head import open_edges


def close(mesh: bpy.types.Mesh) -> None:
    """Close the lowest open edge of a mesh by one flat face of the skin around it.

    No vertex is added, so that keys, weights and what follows by number stay. mesh : without shape
    keys, in the head's own frame, Z up. Where nothing is open, nothing is done.
    """
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        loops = open_edges.rounds(work)
        if not loops:
            return
        _cap(work, min(loops, key=open_edges.height))
        work.to_mesh(mesh)
    finally:
        work.free()
    mesh.update()


def _cap(work: bmesh.types.BMesh, around: list[bmesh.types.BMLoop]) -> None:
    """One face over a round, looking out, with the material and the picture of its edge."""
    face = work.faces.new([corner.vert for corner in reversed(around)])
    face.material_index = around[0].face.material_index
    face.smooth = False
    for layer in work.loops.layers.uv.values():
        places = {corner.vert: Vector(corner[layer].uv) for corner in around}
        for corner in face.loops:
            corner[layer].uv = places[corner.vert]
