"""A head as a Blender object: mesh, UVs, materials, shape keys, vertex groups."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.client.reconstruction_reader import LoadedReconstruction
from ...ofer_engine.contract.reconstruction import Reconstruction
from .. import compat
from . import (
    carried,
    eyes,
    gallery,
    helper_keys,
    joint_anchors,
    lashes,
    material,
    provenance,
    tear_line,
)

BASIS: Final = "Basis"
UV_LAYER: Final = "UVMap"
_WEIGHT_STEPS: Final = 1024  # vertex groups are filled by equal weight: a call per step, not vertex


def build(loaded: LoadedReconstruction) -> bpy.types.Object:
    """Make the head, linked to no collection yet.

    The Basis is the best identity; every further identity and every expression is a shape key of
    its hypothesis's name, all at 0.
    """
    reconstruction, arrays = loaded.record, loaded.arrays
    wet = tear_line.fits(arrays.polygons)
    mesh = _mesh(reconstruction, arrays, wet)
    head = bpy.data.objects.new(reconstruction.name, mesh)
    _add_keys(head, reconstruction, arrays, wet)
    helper_keys.note(head)
    weights = arrays.skin_weights
    if wet:
        weights = np.concatenate((weights, weights[tear_line.anchors()]))
    _add_groups(head, reconstruction.joints, weights)
    joint_anchors.store(head, reconstruction, arrays)
    gallery.fill(head, loaded)
    provenance.store(head, reconstruction)
    return head


def _mesh(reconstruction: Reconstruction, arrays: HeadArrays, wet: bool) -> bpy.types.Mesh:
    polygons, vertices = arrays.polygons, _with_tear_line(arrays.identity_vertices[0], wet)
    hairs = lashes.uv(reconstruction, arrays)
    gaze = eyes.gaze_uv(reconstruction, arrays)
    slots = material.slots(reconstruction, arrays, gaze)
    if hairs is not None:
        gaze[hairs[0]] = hairs[1]
    materials = material.materials(reconstruction.parts, arrays.iris_colour, hairs is not None)
    layers = {UV_LAYER: arrays.uv, eyes.UV_LAYER: gaze}
    if wet:
        strips = tear_line.polygons()
        polygons = np.concatenate((polygons, strips + arrays.identity_vertices.shape[1]))
        slots = np.append(slots, np.full(len(strips), len(materials), np.int32))
        materials.append(material.wet())
        at = tear_line.uv()[strips]
        layers = {name: np.concatenate((values, at)) for name, values in layers.items()}
    corners = polygons >= 0
    sizes = corners.sum(axis=1)
    mesh = bpy.data.meshes.new(reconstruction.name)
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.ravel())
    mesh.loops.add(int(sizes.sum()))
    mesh.loops.foreach_set("vertex_index", polygons[corners])
    mesh.polygons.add(len(sizes))
    mesh.polygons.foreach_set("loop_start", (np.cumsum(sizes) - sizes).astype(np.int32))
    for made in materials:
        mesh.materials.append(made)
    mesh.polygons.foreach_set("material_index", slots)
    for name, values in layers.items():
        mesh.uv_layers.new(name=name).uv.foreach_set("vector", values[corners].ravel())
    mesh.uv_layers.active_index = 0
    if wet:
        carried.number(mesh, tear_line.NAME, arrays.identity_vertices.shape[1])
    mesh.update(calc_edges=True)
    compat.mend_edge_selection(mesh)
    mesh.shade_smooth()
    return mesh


def _with_tear_line(own: np.ndarray, wet: bool) -> np.ndarray:
    """The head's own vertices (V, 3), those of a tear line after them."""
    return np.concatenate((own, tear_line.places(own))) if wet else own


def _add_keys(
    head: bpy.types.Object, reconstruction: Reconstruction, arrays: HeadArrays, wet: bool
) -> None:
    head.shape_key_add(name=BASIS, from_mix=False)
    further = zip(reconstruction.identities[1:], arrays.identity_vertices[1:], strict=True)
    expressions = zip(reconstruction.expressions, arrays.expression_vertices, strict=True)
    for hypothesis, vertices in (*further, *expressions):
        key = head.shape_key_add(name=hypothesis.name, from_mix=False)
        key.points.foreach_set("co", _with_tear_line(vertices, wet).ravel())
        key.value = 0.0
    head.active_shape_key_index = 0


def _add_groups(head: bpy.types.Object, joints: tuple[str, ...], weights: np.ndarray) -> None:
    steps = _whole_steps(weights)
    for joint, column in zip(joints, steps.T, strict=True):
        group = head.vertex_groups.new(name=joint)
        order = np.argsort(column, kind="stable")
        values, starts = np.unique(column[order], return_index=True)
        members, ends = order.tolist(), [*starts[1:].tolist(), len(order)]
        for value, start, end in zip(values.tolist(), starts.tolist(), ends, strict=True):
            if value > 0:
                group.add(members[start:end], value / _WEIGHT_STEPS, "REPLACE")


def _whole_steps(weights: np.ndarray) -> np.ndarray:
    """(V, J) int32 steps nearest to weights (V, J) that still sum to all steps in each row."""
    exact = weights.astype(np.float64)
    exact *= _WEIGHT_STEPS / np.maximum(exact.sum(axis=1, keepdims=True), 1e-9)
    steps = np.floor(exact).astype(np.int32)
    lack = _WEIGHT_STEPS - steps.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(steps - exact, axis=1, kind="stable"), axis=1)
    return steps + (rank < lack) * (weights > 0)
