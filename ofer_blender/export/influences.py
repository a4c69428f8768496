"""How many bones a vertex follows, and no more of them than programs keep."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from .presets import INFLUENCES


def largest_count(mesh: bpy.types.Object, bones: Collection[str]) -> int:
    """The most bones that a vertex follows."""
    groups = _groups(mesh, bones)
    return max(
        sum(entry.weight > 0 and entry.group in groups for entry in vertex.groups)
        for vertex in mesh.data.vertices
    )


def limit(mesh: bpy.types.Object, bones: Collection[str]) -> None:
    """Let every vertex follow its strongest bones only; their shares sum to one."""
    groups = _groups(mesh, bones)
    for vertex in mesh.data.vertices:
        entries = [(e.weight, e.group) for e in vertex.groups if e.group in groups]
        kept = sorted(entries, reverse=True)[:INFLUENCES]
        total = sum(weight for weight, _ in kept)
        for weight, group in entries:
            if (weight, group) not in kept:
                mesh.vertex_groups[group].remove([vertex.index])
            elif total > 0:
                mesh.vertex_groups[group].add([vertex.index], weight / total, "REPLACE")


def without_bone(mesh: bpy.types.Object, bones: Collection[str]) -> list[int]:
    """Vertices that follow no bone, as those of a hat that was joined to the head."""
    groups = _groups(mesh, bones)
    return [
        vertex.index
        for vertex in mesh.data.vertices
        if not any(entry.weight > 0 and entry.group in groups for entry in vertex.groups)
    ]


def follow_root(mesh: bpy.types.Object, bones: Collection[str], root: str) -> None:
    """Let vertices that follow no bone follow the root, which moves the whole as the object does;
    programs have no vertices without a bone, and exporters invent one for them."""
    if vertices := without_bone(mesh, bones):
        group = mesh.vertex_groups.get(root) or mesh.vertex_groups.new(name=root)
        group.add(vertices, 1.0, "REPLACE")


def _groups(mesh: bpy.types.Object, bones: Collection[str]) -> set[int]:
    return {group.index for group in mesh.vertex_groups if group.name in bones}
