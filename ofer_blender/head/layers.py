"""What a mesh keeps at its vertices, corners, edges and faces, given to another: vertex groups, and
attributes such as colours, which modifiers know by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Final

import bpy
import numpy as np
from mathutils import kdtree

from ..undo.mesh_before import ATTRIBUTE_VALUES

_OURS: Final = ("OFER ", "ofer_")
"""Before names of the add-on's own attributes."""


def give_groups(
    old: bpy.types.Object, new: bpy.types.Object, same: int, without: Collection[str] = ()
) -> None:
    """Give a mesh the vertex groups of another, but for some. A group of its own keeps its weights
    but for the first `same` vertices, which both have; in one that it lacks, further vertices get
    the weight of the nearest of the other, in the world."""
    nearest = _nearest(old, new, same)
    weights: dict[int, dict[float, list[int]]] = defaultdict(lambda: defaultdict(list))
    lacking = {each.index for each in old.vertex_groups if each.name not in new.vertex_groups}
    for number, source in enumerate([*range(same), *nearest]):
        for entry in old.data.vertices[source].groups:
            if number < same or entry.group in lacking:
                weights[entry.group][entry.weight].append(number)
    for was in [each for each in old.vertex_groups if each.name not in without]:
        group = new.vertex_groups.get(was.name) or new.vertex_groups.new(name=was.name)
        group.lock_weight = was.lock_weight
        group.remove(range(same))
        for weight, vertices in weights[was.index].items():
            group.add(vertices, weight, "REPLACE")


def _nearest(old: bpy.types.Object, new: bpy.types.Object, same: int) -> list[int]:
    """For each vertex of a mesh from a number on the nearest of another, in the world."""
    vertices = new.data.vertices[same:]
    if not vertices:
        return []
    tree = kdtree.KDTree(len(old.data.vertices))
    for vertex in old.data.vertices:
        tree.insert(old.matrix_world @ vertex.co, vertex.index)
    tree.balance()
    return [tree.find(new.matrix_world @ vertex.co)[1] for vertex in vertices]


def give_attributes(old: bpy.types.Mesh, new: bpy.types.Mesh, shared: dict[str, int]) -> None:
    """Give a mesh the attributes of another that it lacks. shared : domain → how many elements both
    begin with; what is behind them keeps 0. UV maps and what the add-on itself keeps stay out."""
    given = set[str]()
    uv = {layer.name for layer in old.uv_layers}
    for was in [each for each in old.attributes if each.name not in uv]:
        count = shared.get(was.domain, 0)
        usual = was.is_internal or was.is_required or was.name.startswith((".", *_OURS))
        if (
            not count
            or usual
            or was.name in new.attributes
            or was.data_type not in ATTRIBUTE_VALUES
        ):
            continue
        called, width, kind = ATTRIBUTE_VALUES[was.data_type]
        made = new.attributes.new(was.name, was.data_type, was.domain)
        values = np.zeros((len(was.data), width), kind)
        was.data.foreach_get(called, values.ravel())
        laid = np.zeros((len(made.data), width), kind)
        laid[:count] = values[:count]
        made.data.foreach_set(called, laid.ravel())
        given.add(was.name)
    for name in ("active_color_name", "default_color_name"):
        if (chosen := getattr(old.attributes, name)) in given:
            setattr(new.attributes, name, chosen)
