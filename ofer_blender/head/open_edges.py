"""Open edges of a mesh: rounds of edges that have one face, as that of a neck."""

from __future__ import annotations

import bmesh


def rounds(work: bmesh.types.BMesh) -> list[list[bmesh.types.BMLoop]]:
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


def height(around: list[bmesh.types.BMLoop]) -> float:
    """Mean Z of a round, in the mesh's own frame."""
    return sum(corner.vert.co.z for corner in around) / len(around)
