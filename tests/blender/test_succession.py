"""A head in the place of another: on its body, with its vertex groups and what modifiers name."""

from __future__ import annotations

import bmesh
import bodies
import bpy
import numpy as np
import pytest
from ofer_faces.ofer_blender.rig import body, rig
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from scene_dump import differences, dump
from test_body import shown
from test_rig import evaluated


def replaced(head: bpy.types.Object, record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.replace_head("EXEC_DEFAULT", True, directory=str(record.folder), head=head.name)
    bpy.context.view_layer.update()
    assert bpy.context.object != head
    return bpy.context.object


def weights(head: bpy.types.Object) -> dict[str, dict[int, float]]:
    """Group → vertex → weight."""
    names = [group.name for group in head.vertex_groups]
    found: dict[str, dict[int, float]] = {name: {} for name in names}
    for vertex in head.data.vertices:
        for entry in vertex.groups:
            found[names[entry.group]][vertex.index] = entry.weight
    return found


@pytest.mark.parametrize("kind", ["Mixamo", "MPFB", "VRM"])
def test_on_a_body_the_new_head_moves_as_the_old_did(
    head: bpy.types.Object, record: Reconstruction, kind: str
) -> None:
    """With what an artist painted, and also where bones are called as joints of the head."""
    armature = bodies.make(kind)
    bpy.ops.ofer.attach_to_armature()
    bone, neck = bodies.NAMES[kind][3], bodies.NAMES[kind][2][0]
    head.vertex_groups[bone].add([0, 1, 2], 0.25, "REPLACE")
    bpy.ops.ed.undo_push(message="On a body")
    before = dump()
    new = replaced(head, record)
    after = dump()
    assert body.body_of(new) == armature and weights(new) == weights(head)
    assert not bpy.ops.ofer.attach_to_armature.poll()
    rest = shown(new)
    assert np.abs(rest - shown(head)).max() < 1e-5
    for name in (bone, neck):
        armature.pose.bones[name].rotation_mode = "XYZ"
        armature.pose.bones[name].rotation_euler = (0.4, 0.1, 0)
    assert np.abs(shown(new) - shown(head)).max() < 1e-5
    assert np.abs(shown(new) - rest).max() > 1e-2
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


def test_modifiers_find_the_vertex_groups_that_they_name(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    ears = head.vertex_groups.new(name="ears")
    ears.add(range(20), 1.0, "REPLACE")
    ears.add(range(20, 30), 0.5, "REPLACE")
    ears.lock_weight = True
    puff = head.modifiers.new("puff", "DISPLACE")
    puff.strength, puff.mid_level, puff.vertex_group = 0.05, 0.0, "ears"
    mask = head.modifiers.new("mask", "MASK")
    mask.vertex_group, mask.invert_vertex_group = "ears", True
    mask.show_viewport = False
    new = replaced(head, record)
    assert weights(new)["ears"] == weights(head)["ears"] and new.vertex_groups["ears"].lock_weight
    assert np.abs(evaluated(new) - evaluated(head)).max() < 1e-5
    new.modifiers["mask"].show_viewport = mask.show_viewport = True
    bpy.context.view_layer.update()
    assert len(evaluated(new)) == len(evaluated(head)) < len(head.data.vertices)


def test_weights_of_its_own_joints_are_the_new_heads(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    drawn = weights(head)
    bpy.ops.ofer.add_rig()
    head.vertex_groups["jaw"].add(range(10), 0.125, "REPLACE")
    new = replaced(head, record)
    assert {name: weights(new)[name] for name in rig.BONES} == drawn


def test_attributes_that_modifiers_may_name_are_there(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    kinds = {"tint": ("BYTE_COLOR", "CORNER", "color"), "wet": ("FLOAT", "POINT", "value"),
             "crease_edge": ("FLOAT", "EDGE", "value"), "patch": ("INT", "FACE", "value"),
             "flow": ("FLOAT_VECTOR", "POINT", "vector")}  # fmt: skip
    for name, (kind, domain, _) in kinds.items():
        made = head.data.attributes.new(name, kind, domain)
        for number, each in enumerate(made.data):
            if kind == "BYTE_COLOR":
                each.color = (number % 3 / 2, 0, 1, 1)
            elif kind == "FLOAT_VECTOR":
                each.vector = (number, 0, 1)
            else:
                each.value = number % 2
    second = head.data.uv_layers.new(name="second")
    second.data[7].uv = (0.25, 0.75)
    head.data.attributes.active_color_name = "tint"
    new = replaced(head, record)
    for name, (kind, domain, called) in kinds.items():
        made = new.data.attributes[name]
        assert (made.data_type, made.domain) == (kind, domain)
        values = [
            np.array([getattr(each, called) for each in mesh.attributes[name].data])
            for mesh in (head.data, new.data)
        ]
        assert np.array_equal(*values) and values[0].any(), name
    assert new.data.attributes.active_color_name == "tint"
    assert tuple(new.data.uv_layers["second"].data[7].uv) == (0.25, 0.75)


def test_a_mesh_that_lost_faces_gives_its_groups_to_the_nearest_vertices(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    """Which is better than a modifier that takes hold of the whole head."""
    low = [v.index for v in head.data.vertices if v.co.z < -0.05]
    head.vertex_groups.new(name="low").add(low, 1.0, "REPLACE")
    drawn = np.array([v.co.z for v in head.data.vertices])
    work = bmesh.new()
    work.from_mesh(head.data)
    work.faces.ensure_lookup_table()
    bmesh.ops.delete(work, geom=[work.faces[50]], context="FACES_ONLY")
    work.to_mesh(head.data)
    work.free()
    new = replaced(head, record)
    assert set(weights(new)["low"]) == set(np.flatnonzero(drawn < -0.05).tolist()) == set(low)
