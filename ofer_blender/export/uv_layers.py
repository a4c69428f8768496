"""The UV layers of a copy, so that programs which read the first one alone show its pictures."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from ..skin import skin_nodes


def lay_first(copy: bpy.types.Object, *, of_faces: bool) -> None:
    """Make the layer by which the first material lays its picture on the first one, and the active
    one, which alone an OBJ has; where that material shows none, the one that is rendered.

    of_faces : on each face it is what the face's own material lays its picture on by, for formats
    that do not say which layer a picture needs.
    """
    mesh = copy.data
    used = [_layer_of(slot.material, mesh) for slot in copy.material_slots]
    if not any(used):
        return
    first = used[0] or _rendered(mesh)
    values = {layer.name: _values(layer) for layer in mesh.uv_layers}
    if of_faces:
        values[first] = _by_face(mesh, used, first, values)
    _lay_anew(mesh, {first: values[first]} | values)


def _by_face(
    mesh: bpy.types.Mesh, used: list[str], first: str, values: dict[str, np.ndarray]
) -> np.ndarray:
    """(L, 2) of every corner by its face's material; used : by slot, "" where it shows none."""
    slots, sizes = np.empty(len(mesh.polygons), np.int32), np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    mesh.polygons.foreach_get("loop_total", sizes)
    of_corner, found = np.repeat(slots, sizes), values[first].copy()
    for slot, name in enumerate(used):
        if name and name != first:
            found[of_corner == slot] = values[name][of_corner == slot]
    return found


def _lay_anew(mesh: bpy.types.Mesh, values: dict[str, np.ndarray]) -> None:
    """Give a mesh these layers in their order, the first one active; what is rendered stays so."""
    rendered = _rendered(mesh)
    while mesh.uv_layers:
        mesh.uv_layers.remove(mesh.uv_layers[0])
    for name, places in values.items():
        layer = mesh.uv_layers.new(name=name, do_init=False)
        layer.uv.foreach_set("vector", places.ravel())
        layer.active_render = name == rendered
    mesh.uv_layers.active_index = 0


def _values(layer: bpy.types.MeshUVLoopLayer) -> np.ndarray:
    found = np.empty((len(layer.uv), 2), np.float32)
    layer.uv.foreach_get("vector", found.ravel())
    return found


def _layer_of(material: bpy.types.Material | None, mesh: bpy.types.Mesh) -> str:
    """Name of the layer by which a material lays its picture on; "" where it shows none."""
    tree = material.node_tree if material else None
    shader = skin_nodes.shader(tree) if tree else None
    nodes = [*_behind(shader.inputs["Base Color"]), *tree.nodes] if shader else []
    picture = next((node for node in nodes if node.type == "TEX_IMAGE" and node.image), None)
    if picture is None or not mesh.uv_layers:
        return ""
    laid = (node.uv_map for node in _behind(picture.inputs["Vector"]) if node.type == "UVMAP")
    name = next(laid, "")
    return name if name in mesh.uv_layers else _rendered(mesh)


def _rendered(mesh: bpy.types.Mesh) -> str:
    return next(layer.name for layer in mesh.uv_layers if layer.active_render)


def _behind(socket: bpy.types.NodeSocket) -> Iterator[bpy.types.Node]:
    """The nodes whose work reaches a socket, the nearest first."""
    waiting, seen = [socket], set()
    while waiting:
        for link in waiting.pop(0).links:
            node = link.from_node
            if node not in seen:
                seen.add(node)
                yield node
                waiting += node.inputs
