"""Levels of detail that keep every shape key.

Blender's collapse cannot run on a mesh with keys. It runs on the neutral mesh, which carries each
key's movement as an attribute through the collapse; the attributes become keys again. What the keys
move most is collapsed last: otherwise a face with a quarter of its triangles turns inside out here
and there when it speaks.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..head import shape_keys
from .shapes import Shapes

_PREFIX: Final = "ofer_move_"
_SPARED: Final = "ofer_spared"
_FACTOR: Final = 0.002
"""How dear it is to collapse what moves. Measured on the open head: the area of triangles that some
key turns over falls by half to two thirds, the rest loses 0.06 mm; above, the crown gets edgy."""
_STEPS: Final = 20
_LEAST: Final = 0.1
_FAR: Final = 97
"""Percentile of movement from which a vertex is spared most."""


def reduced(fine: bpy.types.Object, shapes: Shapes, ratio: float, name: str) -> bpy.types.Object:
    """A coarser copy of an object with these shapes, in no collection. ratio : of triangles."""
    coarse = fine.copy()
    coarse.data = without_keys(fine)
    coarse.name = coarse.data.name = name
    coarse.data.vertices.foreach_set("co", np.ascontiguousarray(shapes.basis).ravel())
    for number, move in enumerate(shapes.moves):
        layer = coarse.data.attributes.new(f"{_PREFIX}{number}", "FLOAT_VECTOR", "POINT")
        layer.data.foreach_set("vector", np.ascontiguousarray(move).ravel())
    _spare(coarse, shapes.moves)
    _collapse(coarse, ratio)
    moves = [_taken(coarse.data, f"{_PREFIX}{number}") for number in range(len(shapes.moves))]
    _add_keys(coarse, shapes.names, moves)
    return coarse


def without_keys(source: bpy.types.Object) -> bpy.types.Mesh:
    """A copy of an object's mesh. `Mesh.copy` would make keys that outlive every mesh and crash
    whoever reads them."""
    return bpy.data.meshes.new_from_object(source, preserve_all_data_layers=True)


def _spare(coarse: bpy.types.Object, moves: np.ndarray) -> None:
    """A vertex group for the collapse: 1 where no key moves anything, _LEAST where they do most."""
    if not moves.any():
        return
    far = np.sqrt(np.square(moves, dtype=float).sum((0, 2)))
    step = np.rint(np.clip(far / max(np.percentile(far, _FAR), 1e-9), 0, 1) * _STEPS).astype(int)
    group = coarse.vertex_groups.new(name=_SPARED)
    for each in np.unique(step).tolist():
        weight = 1 - (1 - _LEAST) * each / _STEPS
        group.add(np.flatnonzero(step == each).tolist(), weight, "REPLACE")


def _collapse(coarse: bpy.types.Object, ratio: float) -> None:
    """Apply a Decimate modifier by taking the evaluated mesh."""
    modifier = coarse.modifiers.new("Collapse", "DECIMATE")
    modifier.ratio = ratio
    modifier.use_collapse_triangulate = True
    if spared := coarse.vertex_groups.get(_SPARED):
        modifier.vertex_group, modifier.vertex_group_factor = spared.name, _FACTOR
    collection = bpy.context.scene.collection
    collection.objects.link(coarse)
    try:
        graph = bpy.context.evaluated_depsgraph_get()
        evaluated = coarse.evaluated_get(graph)
        mesh = bpy.data.meshes.new_from_object(
            evaluated, preserve_all_data_layers=True, depsgraph=graph
        )
    finally:
        collection.objects.unlink(coarse)
    coarse.modifiers.clear()
    old, coarse.data = coarse.data, mesh
    mesh.name, plain = f"{old.name}_coarse", old.name
    bpy.data.meshes.remove(old)
    mesh.name = plain
    if spared := coarse.vertex_groups.get(_SPARED):
        coarse.vertex_groups.remove(spared)


def _taken(mesh: bpy.types.Mesh, name: str) -> np.ndarray:
    """(V, 3) of a vector attribute, which is removed."""
    layer = mesh.attributes[name]
    values = np.empty((len(mesh.vertices), 3), np.float32)
    layer.data.foreach_get("vector", values.ravel())
    mesh.attributes.remove(layer)
    return values


def _add_keys(coarse: bpy.types.Object, names: tuple[str, ...], moves: list[np.ndarray]) -> None:
    if not names:
        return
    basis = np.empty((len(coarse.data.vertices), 3), np.float32)
    coarse.data.vertices.foreach_get("co", basis.ravel())
    coarse.shape_key_add(name="Basis", from_mix=False)
    for name, move in zip(names, moves, strict=True):
        key = coarse.shape_key_add(name=name, from_mix=False)
        shape_keys.set_points(key, basis + move)
        key.value = 0.0
