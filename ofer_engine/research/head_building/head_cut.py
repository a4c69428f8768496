"""The head's share of the MakeHuman base mesh: which vertices, which quads, cut where.

The cut is a closed edge loop of the mesh around the root of the neck, found by walking straight
through the quads, so the border is smooth by construction.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from .makehuman import BaseMesh

PART_NAMES: Final = (
    "skin",
    "eye_left",
    "eye_right",
    "lashes",
    "teeth_upper",
    "teeth_lower",
    "tongue",
)
_GROUP_PART: Final = {
    "body": "skin",
    "helper-l-eye": "eye_left",
    "helper-r-eye": "eye_right",
    "helper-l-eyelashes-1": "lashes",
    "helper-l-eyelashes-2": "lashes",
    "helper-r-eyelashes-1": "lashes",
    "helper-r-eyelashes-2": "lashes",
    "helper-upper-teeth": "teeth_upper",
    "helper-lower-teeth": "teeth_lower",
    "helper-tongue": "tongue",
}
NAPE: Final = 1496


@dataclass(frozen=True)
class HeadCut:
    """base_ids : (V,) int, base vertex of each head vertex; polygons : (F, 4) int32, head vertex
    ids, counter-clockwise from outside; uv : (F, 4, 2) float32; part : (F,) uint8 into
    PART_NAMES; neck_loop : (L,) int, head vertices of the border in walking order; mirror : (V,)
    int, head vertex on the other side."""

    base_ids: np.ndarray
    polygons: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    neck_loop: np.ndarray
    mirror: np.ndarray

    def vertices_of(self, *parts: str) -> np.ndarray:
        """(n,) int: head vertices of the named parts."""
        wanted = np.isin(self.part, [PART_NAMES.index(part) for part in parts])
        return np.unique(self.polygons[wanted])


def _edge_quads(quads: np.ndarray) -> dict[tuple[int, int], list[int]]:
    edges: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, quad in enumerate(quads):
        for a, b in zip(quad.tolist(), np.roll(quad, -1).tolist(), strict=True):
            edges[min(a, b), max(a, b)].append(index)
    return edges


def edge_loop(quads: np.ndarray, first: int, second: int) -> list[int]:
    """Walk straight on from the edge first→second until the walk closes.

    quads : (Q, 4) int. Returns the vertices in order, without repeating the first. Raises
    ValueError where the walk meets a vertex without four neighbours.
    """
    edges = _edge_quads(quads)
    neighbours: dict[int, set[int]] = defaultdict(set)
    for a, b in edges:
        neighbours[a].add(b)
        neighbours[b].add(a)
    loop = [first, second]
    while True:
        before, here = loop[-2:]
        behind = set(edges[min(before, here), max(before, here)])
        ahead = [
            vertex
            for vertex in neighbours[here] - {before}
            if not behind & set(edges[min(here, vertex), max(here, vertex)])
        ]
        if len(neighbours[here]) != 4 or len(ahead) != 1:
            raise ValueError(f"The edge loop from {first} ends at vertex {here}.")
        if ahead[0] == first:
            return loop
        loop.append(ahead[0])


def _component_above(quads: np.ndarray, loop: list[int], start: int) -> np.ndarray:
    """(Q,) bool: quads reachable from the vertex `start` without crossing the loop's edges."""
    wall = {(min(a, b), max(a, b)) for a, b in zip(loop, loop[1:] + loop[:1], strict=True)}
    across: dict[int, list[int]] = defaultdict(list)
    for edge, sides in _edge_quads(quads).items():
        if edge not in wall and len(sides) == 2:
            across[sides[0]].append(sides[1])
            across[sides[1]].append(sides[0])
    reached = np.zeros(len(quads), bool)
    todo = np.flatnonzero((quads == start).any(1)).tolist()
    reached[todo] = True
    while todo:
        for quad in across[todo.pop()]:
            if not reached[quad]:
                reached[quad] = True
                todo.append(quad)
    return reached


def cut_head(base: BaseMesh, mirror: np.ndarray) -> HeadCut:
    """Cut skin, eyes, lashes, teeth and tongue out of the base mesh along the neck loop.

    mirror : (N,) int, base vertex on the other side.
    """
    skin = np.flatnonzero(base.group == "body")
    skin_quads = base.quads[skin]
    sideways = [
        vertex
        for quad in skin_quads[(skin_quads == NAPE).any(1)]
        for k, corner in enumerate(quad)
        if corner == NAPE
        for vertex in (quad[(k + 1) % 4], quad[(k + 3) % 4])
    ]
    second = max(sideways, key=lambda vertex: base.vertices[vertex, 0])
    loop = edge_loop(skin_quads, NAPE, second)
    crown = int(np.unique(skin_quads)[base.vertices[np.unique(skin_quads), 1].argmax()])
    keep = np.zeros(len(base.quads), bool)
    keep[skin[_component_above(skin_quads, loop, crown)]] = True
    keep |= np.isin(base.group, [group for group in _GROUP_PART if group != "body"])
    chosen = np.flatnonzero(keep)
    base_ids = np.unique(base.quads[chosen])
    local = np.full(len(base.vertices), -1)
    local[base_ids] = np.arange(len(base_ids))
    return HeadCut(
        base_ids,
        local[base.quads[chosen]].astype(np.int32),
        base.uv[base.uv_quads[chosen]].astype(np.float32),
        np.array([PART_NAMES.index(_GROUP_PART[g]) for g in base.group[chosen]], np.uint8),
        local[loop],
        local[mirror[base_ids]],
    )
