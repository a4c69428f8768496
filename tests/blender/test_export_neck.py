"""The neck's open edge is closed in a file where that is wanted, and nothing else is changed."""

from __future__ import annotations

from pathlib import Path

import bmesh
import bpy
import numpy as np
import pytest
import read_back
import synthetic
from exporting import export
from ofer_faces.ofer_blender.export import neck
from ofer_faces.ofer_blender.export.glb import GlbReader
from ofer_faces.ofer_blender.export.presets import Target
from ofer_faces.ofer_blender.head import hypotheses
from scene_dump import differences, dump

ONE_EACH = (Target.GLB, Target.FBX, Target.UNREAL, Target.USD, Target.OBJ)
SIDES = 8


@pytest.fixture
def head(tmp_path: Path) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(synthetic.write(tmp_path, "anna").folder))
    bpy.ops.ofer.add_arkit()
    return hypotheses.active_head(bpy.context)


def open_edges(mesh: bpy.types.Mesh) -> int:
    """After points at one place were made one."""
    work = bmesh.new()
    work.from_mesh(mesh)
    bmesh.ops.remove_doubles(work, verts=list(work.verts), dist=1e-7)
    count = sum(edge.is_boundary for edge in work.edges)
    work.free()
    return count


def tube(turned: bool = False) -> bpy.types.Mesh:
    """Open above and below, two materials, a map; `turned`: its faces look in."""
    angles = 2 * np.pi * np.arange(SIDES) / SIDES
    ring = np.stack((np.cos(angles), np.sin(angles)), -1)
    places = [(*each, float(z)) for z in (0, 1) for each in ring]
    faces = [(i, (i + 1) % SIDES, SIDES + (i + 1) % SIDES, SIDES + i) for i in range(SIDES)]
    mesh = bpy.data.meshes.new("tube")
    mesh.from_pydata(places, [], [each[::-1] for each in faces] if turned else faces)
    layer = mesh.uv_layers.new(name="map")
    for corner in mesh.loops:
        layer.data[corner.index].uv = (0.1 * corner.vertex_index, 0.5)
    for face in mesh.polygons:
        face.material_index, face.use_smooth = 1, True
    return mesh


@pytest.mark.parametrize("turned", [False, True])
def test_the_lower_edge_is_closed_by_one_face_that_looks_as_the_others(turned: bool) -> None:
    mesh = tube(turned)
    before = [tuple(each.co) for each in mesh.vertices]
    neck.close(mesh)
    assert [tuple(each.co) for each in mesh.vertices] == before
    assert len(mesh.polygons) == SIDES + 1 and open_edges(mesh) == SIDES
    cap = mesh.polygons[SIDES]
    assert sorted(cap.vertices) == list(range(SIDES))
    assert cap.normal.z == pytest.approx(1 if turned else -1)
    assert cap.material_index == 1 and not cap.use_smooth
    for corner in cap.loop_indices:
        place = mesh.uv_layers["map"].data[corner].uv
        assert place.x == pytest.approx(0.1 * mesh.loops[corner].vertex_index)


def test_what_is_closed_stays_as_it_is() -> None:
    mesh = tube()
    neck.close(mesh)
    neck.close(mesh)
    faces = len(mesh.polygons)
    neck.close(mesh)
    assert open_edges(mesh) == 0 and len(mesh.polygons) == faces == SIDES + 2


@pytest.mark.parametrize("target", ONE_EACH)
def test_every_format_closes_it_and_keeps_points_and_keys(
    head: bpy.types.Object, tmp_path: Path, target: Target
) -> None:
    wide = open_edges(head.data)
    seen = []
    paths = [export(tmp_path / f"out{c}", target, close_neck=c) for c in (False, True)]
    for path in paths:
        there = set(bpy.data.objects)
        read_back.import_file(path)
        (mesh,) = [e.data for e in set(bpy.data.objects) - there if e.type == "MESH"]
        points = np.array([tuple(each.co) for each in mesh.vertices])
        keys = mesh.shape_keys.key_blocks.keys() if mesh.shape_keys else []
        seen.append((len(np.unique(points.round(6), axis=0)), keys, open_edges(mesh)))
    assert seen[0][:2] == seen[1][:2]
    assert wide and (seen[0][2], seen[1][2]) == (wide, 0)


def test_coarser_meshes_and_applied_modifiers_are_closed_too(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    head.modifiers.new("Subdivision", "SUBSURF").levels = 1
    path = export(tmp_path / "out", Target.GLB, close_neck=True, lods=2, apply_modifiers=True)
    there = set(bpy.data.objects)
    read_back.import_file(path)
    meshes = [e.data for e in set(bpy.data.objects) - there if e.type == "MESH"]
    assert len(meshes) == 2 and not any(open_edges(each) for each in meshes)


def test_a_baked_head_is_closed_and_the_scene_is_as_it_was(
    head: bpy.types.Object, tmp_path: Path
) -> None:
    hypotheses.active_head(bpy.context).ofer_export.close_neck = True
    before = dump()
    path = export(tmp_path / "out", Target.GLB, bake=True, keys="NONE")
    head.ofer_export.bake, head.ofer_export.keys = False, "ARKIT"
    assert not differences(before, dump())
    there = set(bpy.data.objects)
    read_back.import_file(path)
    (mesh,) = [e.data for e in set(bpy.data.objects) - there if e.type == "MESH"]
    assert open_edges(mesh) == 0 and GlbReader(path).summary().meshes[0].keys == ()
