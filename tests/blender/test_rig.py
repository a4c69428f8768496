"""The rig, the 52 keys, and what becomes of the photo's expression."""

from __future__ import annotations

import shutil
from math import radians
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from mathutils import Vector
from ofer_faces.ofer_blender.head import (
    hypotheses,
    joint_anchors,
    packed_reconstruction,
    shape_keys,
)
from ofer_faces.ofer_blender.rig import arkit_keys, bone_rings, rig
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.arkit import ARKIT_52
from ofer_faces.ofer_engine.contract.reconstruction import Reconstruction
from recording_layout import draw
from scene_dump import differences, dump


@pytest.fixture
def head(record: Reconstruction) -> bpy.types.Object:
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ed.undo_push(message="Head")
    return bpy.context.object


def evaluated(head: bpy.types.Object) -> np.ndarray:
    """(V, 3) metres, world, with modifiers."""
    graph = bpy.context.evaluated_depsgraph_get()
    mesh = head.evaluated_get(graph).to_mesh()
    places = np.array([tuple(head.matrix_world @ vertex.co) for vertex in mesh.vertices])
    head.evaluated_get(graph).to_mesh_clear()
    return places


def test_bones_rest_on_the_joints(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.ofer.add_rig()
    armature = rig.rig_of(head)
    assert tuple(armature.data.bones.keys()) == rig.BONES
    joints = to_blender(record.array("identity_joints"))[0]
    for name, joint in zip(record.joints, joints, strict=True):
        bone = armature.data.bones[name]
        assert np.abs(np.array(bone.head_local) - joint).max() < 1e-5
        parent = record.joint_parents[record.joints.index(name)]
        assert (bone.parent.name if bone.parent else "") == (
            record.joints[parent] if parent >= 0 else ""
        )
        assert (bone.matrix_local.col[0].to_3d() - Vector((1, 0, 0))).length < 0.2  # subject's left
    for name in rig.EYES:
        ahead = armature.data.bones[name].matrix_local.col[1].to_3d()
        assert (ahead - Vector((0, -1, 0))).length < 1e-5


def test_the_head_stays_where_it_stands(head: bpy.types.Object) -> None:
    head.location, head.rotation_euler = (0.3, -0.2, 1.0), (0.1, 0.2, 0.3)
    bpy.context.view_layer.update()
    before = evaluated(head)
    bpy.ops.ofer.add_rig()
    assert np.abs(evaluated(head) - before).max() < 1e-6
    assert bpy.context.object == head and bpy.context.selected_objects == [head]


def test_the_jaw_turns_what_follows_it(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.ofer.add_rig()
    before = evaluated(head)
    bone = rig.rig_of(head).pose.bones["jaw"]
    bone.rotation_euler.x = radians(20)
    moved = evaluated(head) - before
    share = np.zeros(len(before))
    for vertex in head.data.vertices:
        share[vertex.index] = sum(
            e.weight for e in vertex.groups if head.vertex_groups[e.group].name == "jaw"
        )
    assert np.abs(share - record.array("skin_weights")[:, 3]).max() < 0.002
    joint = to_blender(record.array("identity_joints"))[0][3]
    offset = before - joint
    cosine, sine = np.cos(radians(20)), np.sin(radians(20))
    y, z = offset[:, 1], offset[:, 2]
    turned = np.stack((offset[:, 0], cosine * y - sine * z, sine * y + cosine * z), 1)
    wanted = (turned - offset) * share[:, None]
    assert np.abs(moved - wanted).max() < 2e-4
    front = before[:, 1].argmin()
    assert moved[front, 2] < 0  # +X opens


def _rig_panel() -> list[str]:
    return draw("OFER_PT_rig")


def test_rings_to_pick_bones_by_stand_off_the_face(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_rig()
    armature = rig.rig_of(head)
    assert not armature.show_in_front
    world = evaluated(head)
    for name in rig.BONES:
        bone = armature.pose.bones[name]
        assert bone.custom_shape.name == bone_rings.RING and not bone.use_custom_shape_bone_size
        local = np.array([tuple(bone.matrix.inverted() @ Vector(place)) for place in world])
        across = np.hypot(local[:, 0], local[:, 2])
        along, radius = bone.custom_shape_translation.y, bone.custom_shape_scale_xyz.x
        if name in ("head", "jaw", *rig.EYES):
            assert local[across < radius, 1].max(initial=bone.length) < along
        if name == "neck":
            follows = joint_anchors.shares(head, name) > 0.5
            assert across[follows & (abs(local[:, 1] - along) < 0.01)].max(initial=0) < radius
    ring = bpy.data.objects[bone_rings.RING]
    assert not ring.users_collection


def test_all_rigs_share_one_ring(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.ofer.add_rig()
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    bpy.ops.ofer.add_rig()
    assert len([each for each in bpy.data.objects if each.name.startswith(bone_rings.RING)]) == 1


def test_eyes_follow_a_target_and_angles(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_rig()
    armature = rig.rig_of(head)

    def gaze(name: str) -> Vector:
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        return armature.evaluated_get(graph).pose.bones[name].matrix.col[1].to_3d().normalized()

    armature.pose.bones["eye_L"].rotation_euler.z = 0.2
    assert gaze("eye_L").x < -0.15 and any(line.startswith("Look Right") for line in _rig_panel())
    armature.pose.bones["eye_L"].rotation_euler = (0.2, 0, 0)
    assert (gaze("eye_L") - gaze("eye_R")).length < 1e-5 and gaze("eye_L").z < -0.15
    assert any(line.startswith("Look Down") for line in _rig_panel())
    bpy.ops.ofer.aim_eyes(by="TARGET")
    target = rig.aim_target(armature)
    target.location = (0.3, -0.5, 0.2)
    for name in rig.EYES:
        centre = armature.data.bones[name].head_local
        wanted = (Vector(target.location) - centre).normalized()
        assert (gaze(name) - wanted).length < 1e-4
    bpy.ops.ofer.aim_eyes(by="TARGET")
    assert len([each for each in bpy.data.objects if each.type == "EMPTY"]) == 1
    bpy.ops.ofer.aim_eyes(by="ANGLES")
    assert rig.aim_target(armature) is None and gaze("eye_R").z < -0.15


def test_joints_of_a_blend_are_the_blend_of_joints(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    joints = to_blender(record.array("identity_joints"))
    vertices = to_blender(record.array("identity_vertices"))
    share = np.array([0.4, 0.3, 0.2, 0.1])
    blend = np.tensordot(share, vertices, 1)
    shape_keys.set_points(head.data.shape_keys.reference_key, blend)
    found = np.stack(list(joint_anchors.places(head).values()))
    assert np.abs(found - np.tensordot(share, joints, 1)).max() < 1e-4


def test_the_52_in_apples_order(head: bpy.types.Object, record: Reconstruction) -> None:
    before = list(head.data.shape_keys.key_blocks.keys())
    bpy.ops.ofer.add_arkit()
    keys = head.data.shape_keys.key_blocks
    assert list(keys.keys()) == [*before, *ARKIT_52]
    units = to_blender(record.array("arkit_units"))
    rest = shape_keys.points(head.data.shape_keys.reference_key)
    for name, unit in zip(ARKIT_52, units, strict=True):
        assert np.abs(shape_keys.points(keys[name]) - rest - unit).max() < 1e-6
        assert (keys[name].value, keys[name].slider_min, keys[name].slider_max) == (0, 0, 1)
    assert not bpy.ops.ofer.add_arkit.poll()
    head.shape_key_remove(keys["jawOpen"])
    bpy.ops.ofer.add_arkit()
    assert arkit_keys.complete(head)


def test_the_52_are_found_in_the_head_where_its_folder_is_gone(
    head: bpy.types.Object, record: Reconstruction
) -> None:
    shutil.rmtree(record.folder)
    bpy.ops.ofer.add_arkit()
    assert arkit_keys.complete(head)


def test_an_expression_in_arkit_keys(head: bpy.types.Object, record: Reconstruction) -> None:
    bpy.ops.ofer.add_arkit()
    assert not bpy.ops.ofer.show_as_arkit.poll()
    bpy.ops.ofer.show(name="expression_02")
    bpy.ops.ofer.show_as_arkit()
    keys = head.data.shape_keys.key_blocks
    values = [keys[name].value for name in ARKIT_52]
    np.testing.assert_allclose(values, record.array("expression_arkit")[1], atol=1e-6)
    assert keys["expression_02"].value == 0
    said = " ".join(draw("OFER_PT_rig"))
    assert "The 52 ARKit keys are there" in said


def test_an_expression_is_kept_and_the_head_goes_neutral(head: bpy.types.Object) -> None:
    bpy.ops.ofer.show(name="expression_01")
    bpy.ops.ofer.keep_expression()
    action = bpy.data.actions["anna expression_01"]
    assert action.asset_data and action.use_fake_user
    keys = head.data.shape_keys
    moving = list(keys.key_blocks)[1:]  # the Basis has a value that means nothing
    assert all(key.value == 0 for key in moving) and keys.animation_data is None
    animation = keys.animation_data_create()
    animation.action = action
    if getattr(animation, "action_suitable_slots", None):
        animation.action_slot = animation.action_suitable_slots[0]
    bpy.context.scene.frame_set(1)
    assert keys.key_blocks["expression_01"].value == 1
    with pytest.raises(RuntimeError, match="neutral"):
        animation.action = None
        keys.key_blocks["expression_01"].value = 0
        bpy.ops.ofer.keep_expression()


def test_in_tweak_mode_no_expression_is_kept(head: bpy.types.Object) -> None:
    bpy.ops.ofer.show(name="expression_01")
    keys = head.data.shape_keys
    keys.key_blocks["expression_01"].keyframe_insert("value", frame=1)
    animation = keys.animation_data
    animation.nla_tracks.new().strips.new("strip", 1, animation.action)
    animation.action = None
    animation.use_tweak_mode = True
    before = dump()
    with pytest.raises(RuntimeError, match="anna is in tweak mode"):
        bpy.ops.ofer.keep_expression("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


@pytest.mark.parametrize("operator", ["add_rig", "add_arkit", "aim_eyes", "keep_expression"])
def test_each_is_one_undo_step(head: bpy.types.Object, operator: str) -> None:
    if operator == "aim_eyes":
        bpy.ops.ofer.add_rig("EXEC_DEFAULT", True)
    bpy.ops.ofer.show("EXEC_DEFAULT", True, name="expression_01")
    before = dump()
    getattr(bpy.ops.ofer, operator)("EXEC_DEFAULT", True)
    after = dump()
    assert after != before
    bpy.ops.ed.undo()
    assert differences(before, dump()) == []
    bpy.ops.ed.redo()
    assert differences(after, dump()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arkit_units": np.full((52, 120, 3), np.nan, np.float32)}, "no numbers"),
        ({"arkit_units": np.full((52, 120, 3), 9, np.float32)}, "no movements"),
    ],
)
def test_units_that_do_not_fit_are_refused(tmp_path: Path, changes: dict, said: str) -> None:
    record = synthetic.write(tmp_path, **changes)
    bpy.ops.ofer.insert_head(directory=str(record.folder))
    before = dump()
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.ofer.add_arkit("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"arkit_units": np.zeros((52, 60, 3), np.float32)},
        {"expression_arkit": np.zeros((9, 52), np.float32)},
    ],
)
def test_units_of_another_head_are_refused_with_it(tmp_path: Path, changes: dict) -> None:
    record = synthetic.write(tmp_path, **changes)
    before = dump()
    with pytest.raises(RuntimeError, match="has the wrong form"):
        bpy.ops.ofer.insert_head("EXEC_DEFAULT", True, directory=str(record.folder))
    assert differences(before, dump()) == []


@pytest.fixture(params=["another_head", "another_kind", "no_array"])
def spoiled(request: pytest.FixtureRequest, head: bpy.types.Object, record: Reconstruction) -> None:
    """The folder's units are damaged after the head was made of them."""
    file = record.folder / "arkit_units.npy"
    if request.param == "no_array":
        file.write_bytes(b"no array")
    else:
        other = request.param == "another_head"
        np.save(file, np.zeros((52, 60 if other else 120, 3), np.float32 if other else np.int32))


def test_units_spoiled_after_the_head_was_made_come_from_its_own_copy(
    spoiled: None, head: bpy.types.Object, record: Reconstruction
) -> None:
    units = {name: k for k, name in enumerate(ARKIT_52)}
    bpy.ops.ofer.add_arkit("EXEC_DEFAULT", True)
    assert Path(head.ofer.folder) != record.folder
    own = np.load(Path(head.ofer.folder) / "arkit_units.npy")
    keys = head.data.shape_keys.key_blocks
    basis = shape_keys.points(keys[0])
    for name in ("jawOpen", "mouthSmileLeft"):
        moved = shape_keys.points(keys[name]) - basis
        np.testing.assert_allclose(moved, to_blender(own[units[name]]), atol=1e-6)


def test_units_spoiled_after_the_head_was_made_are_refused_without_its_copy(
    spoiled: None, head: bpy.types.Object
) -> None:
    del head[packed_reconstruction.PROPERTY]
    before = dump()
    with pytest.raises(RuntimeError, match="was made from is gone"):
        bpy.ops.ofer.add_arkit("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


def test_what_greys_the_buttons(head: bpy.types.Object) -> None:
    assert "[ofer.add_rig] Rig" in draw("OFER_PT_rig")
    assert not bpy.ops.ofer.aim_eyes.poll()
    bpy.ops.ofer.add_rig()
    assert not bpy.ops.ofer.add_rig.poll()
    assert bpy.ops.ofer.aim_eyes.poll()
    bpy.context.view_layer.objects.active = rig.rig_of(head)
    assert hypotheses.active_head(bpy.context) == head
    assert any(line.startswith("Open Jaw") for line in draw("OFER_PT_rig"))
    del head[joint_anchors.PROPERTY]
    head.parent = None
    bpy.context.view_layer.objects.active = head
    assert not bpy.ops.ofer.add_rig.poll()
