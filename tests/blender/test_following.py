"""A head that follows something already gets no rig of its own: nothing is replaced or doubled."""

from __future__ import annotations

from collections.abc import Callable

import bodies
import bpy
import numpy as np
import pytest
from mathutils import Matrix
from ofer_faces.ofer_blender.rig import rig
from scene_dump import differences, dump
from test_rig import evaluated


def metarig(bones: tuple[str, ...] = ("spine", "head")) -> bpy.types.Object:
    armature = bpy.data.objects.new("metarig", bpy.data.armatures.new("metarig"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for name in bones:
        armature.data.edit_bones.new(name).tail = (0, 0, 0.2)
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def parented(head: bpy.types.Object) -> None:
    head.parent = metarig()


def parented_to_a_bone(head: bpy.types.Object) -> None:
    head.parent = metarig()
    head.parent_type, head.parent_bone = "BONE", "head"


def by_a_modifier(head: bpy.types.Object) -> None:
    head.modifiers.new("Body", "ARMATURE").object = metarig()


def by_a_modifier_that_is_off(head: bpy.types.Object) -> None:
    by_a_modifier(head)
    head.modifiers["Body"].show_viewport = False


def by_a_constraint_to_a_bone(head: bpy.types.Object) -> None:
    constraint = head.constraints.new("CHILD_OF")
    constraint.target, constraint.subtarget = metarig(), "head"


def by_an_armature_constraint(head: bpy.types.Object) -> None:
    target = head.constraints.new("ARMATURE").targets.new()
    target.target, target.subtarget = metarig(), "head"


def by_groups_of_the_same_names(head: bpy.types.Object) -> None:
    head.parent = metarig(("spine", "neck", "head", "jaw"))
    head.modifiers.new("Armature", "ARMATURE").object = head.parent


FOLLOWING = (parented, parented_to_a_bone, by_a_modifier, by_a_modifier_that_is_off,
             by_a_constraint_to_a_bone, by_an_armature_constraint,
             by_groups_of_the_same_names)  # fmt: skip


@pytest.mark.parametrize("follow", FOLLOWING, ids=lambda each: each.__name__)
def test_a_head_that_follows_an_armature_is_refused(
    head: bpy.types.Object, follow: Callable[[bpy.types.Object], None]
) -> None:
    follow(head)
    bpy.context.view_layer.objects.active = head
    bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match="anna follows the armature metarig already"):
        bpy.ops.ofer.add_rig("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


def test_a_head_held_by_a_constraint_is_refused(head: bpy.types.Object) -> None:
    body = bpy.data.objects.new("body", None)
    bpy.context.scene.collection.objects.link(body)
    constraint = head.constraints.new("COPY_LOCATION")
    constraint.name, constraint.target = "To the body", body
    bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match="anna is held by its constraint To the body"):
        bpy.ops.ofer.add_rig()
    assert differences(before, dump()) == []
    constraint.enabled = False
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}


def test_a_lost_vertex_group_is_named(head: bpy.types.Object) -> None:
    head.vertex_groups.remove(head.vertex_groups["jaw"])
    before = dump()
    with pytest.raises(RuntimeError, match="lost its vertex group 'jaw'"):
        bpy.ops.ofer.add_rig()
    assert differences(before, dump()) == []


def test_a_head_on_anything_but_an_armature_keeps_it(head: bpy.types.Object) -> None:
    """An empty of the artist's own, itself on an armature: the rig hangs where the head hung."""
    armature = metarig()
    empty = bpy.data.objects.new("grip", None)
    bpy.context.scene.collection.objects.link(empty)
    empty.parent = armature
    empty.matrix_world = Matrix.Translation((1, 2, 3)) @ Matrix.Rotation(0.5, 4, "X")
    bpy.context.view_layer.update()
    head.parent = empty
    bpy.context.view_layer.objects.active = head
    bpy.context.view_layer.update()
    before = evaluated(head)
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}
    bpy.context.view_layer.update()
    assert rig.rig_of(head).parent == empty
    assert np.abs(evaluated(head) - before).max() < 1e-5


@pytest.mark.parametrize("kind", ["VERTEX", "VERTEX_3"])
def test_a_head_on_vertices_of_a_mesh_keeps_them(head: bpy.types.Object, kind: str) -> None:
    mesh = bpy.data.meshes.new("shoulders")
    mesh.from_pydata([(0, 0, 1), (1, 0, 1), (0, 1, 2)], [], [(0, 1, 2)])
    shoulders = bpy.data.objects.new("shoulders", mesh)
    bpy.context.scene.collection.objects.link(shoulders)
    shoulders.location = (0.0, 0.5, 2.0)
    head.parent, head.parent_type, head.parent_vertices = shoulders, kind, (2, 1, 0)
    bpy.context.view_layer.update()
    before = head.matrix_world.copy(), evaluated(head)
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}
    bpy.context.view_layer.update()
    made = rig.rig_of(head)
    assert (made.parent, made.parent_type) == (shoulders, kind)
    assert list(made.parent_vertices) == [2, 1, 0]
    assert head.parent_type == "OBJECT"
    assert np.abs(np.array(head.matrix_world) - np.array(before[0])).max() < 1e-5
    assert np.abs(evaluated(head) - before[1]).max() < 1e-5


def test_a_modifier_without_an_armature_is_no_obstacle(head: bpy.types.Object) -> None:
    head.modifiers.new("Empty", "ARMATURE")
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}
    assert [each.object for each in head.modifiers] == [None, rig.rig_of(head)]


def walk(head: bpy.types.Object) -> np.ndarray:
    """(3, 16) where the head stands in the world at frames 1, 25 and 50."""
    scene = bpy.context.scene
    found = []
    for frame in (1, 25, 50):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        found.append(np.array(head.evaluated_get(graph).matrix_world).ravel())
    return np.array(found)


def by_an_action(head: bpy.types.Object) -> None:
    head.rotation_mode, head.delta_location = "QUATERNION", (0.1, 0, 0)
    for frame, x in ((1, 0.0), (50, 1.0)):
        head.location, head.rotation_quaternion = (x, 0, 0), (1 - x / 2, x / 2, 0, 0)
        head.keyframe_insert("location", frame=frame)
        head.keyframe_insert("rotation_quaternion", frame=frame)


def by_an_action_that_does_more(head: bpy.types.Object) -> None:
    by_an_action(head)
    for frame in (1, 50):
        head.pass_index = frame
        head.keyframe_insert("pass_index", frame=frame)


def by_drivers(head: bpy.types.Object) -> None:
    for path, expression in (("location", "frame * 0.02"), ("delta_scale", "1 + frame * 0.01")):
        head.driver_add(path, 0).driver.expression = expression


def by_a_property_of_its_own(head: bpy.types.Object) -> None:
    by_an_action(head)
    head["sway"] = 0.3
    driver = head.driver_add("location", 1).driver
    driver.type, target = "SUM", driver.variables.new().targets[0]
    target.id, target.data_path = head, '["sway"]'


MOVED = (by_an_action, by_an_action_that_does_more, by_drivers, by_a_property_of_its_own)


@pytest.mark.parametrize("move", MOVED, ids=lambda each: each.__name__)
def test_what_moves_a_head_moves_its_rig_from_then_on(
    head: bpy.types.Object, move: Callable[[bpy.types.Object], None]
) -> None:
    move(head)
    before = walk(head)
    assert np.abs(before[2] - before[0]).max() > 0.5
    bpy.context.scene.frame_set(25)
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}
    assert np.abs(walk(head) - before).max() < 1e-5
    own = rig.rig_of(head)
    assert np.abs(np.array(own.matrix_world) - np.array(head.matrix_world)).max() < 1e-6
    assert head.pass_index == (50 if move is by_an_action_that_does_more else 0)


def tracked(head: bpy.types.Object) -> bpy.types.NlaTrack:
    by_an_action(head)
    animation = head.animation_data
    track = animation.nla_tracks.new()
    track.name = "Walk"
    strip = track.strips.new("walk", 1, animation.action)
    if hasattr(strip, "action_slot") and strip.action_slot is None:
        strip.action_slot = strip.action.slots[0]
    animation.action = None
    return track


def test_a_head_that_tracks_move_is_refused(head: bpy.types.Object) -> None:
    track = tracked(head)
    bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match="anna is moved by its NLA tracks, Walk"):
        bpy.ops.ofer.add_rig("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []
    track.mute = True
    assert bpy.ops.ofer.add_rig() == {"FINISHED"}


@pytest.mark.parametrize("rigged", [False, True])
@pytest.mark.parametrize("move", [*MOVED, tracked], ids=lambda each: each.__name__)
def test_a_head_that_moves_by_itself_goes_on_no_body(
    head: bpy.types.Object, move: Callable[[bpy.types.Object], object], rigged: bool
) -> None:
    if rigged:
        bpy.ops.ofer.add_rig()
    move(head)
    bodies.make("MPFB")
    bpy.context.view_layer.objects.active = head
    bpy.context.view_layer.update()
    before = dump()
    with pytest.raises(RuntimeError, match="anna is moved by its own animation, "):
        bpy.ops.ofer.attach_to_armature("EXEC_DEFAULT", True)
    assert differences(before, dump()) == []


def test_a_rigged_head_held_by_a_constraint_goes_on_no_body(head: bpy.types.Object) -> None:
    bpy.ops.ofer.add_rig()
    head.constraints.new("LIMIT_LOCATION").name = "Here"
    bodies.make("MPFB")
    with pytest.raises(RuntimeError, match="anna is held by its constraint Here"):
        bpy.ops.ofer.attach_to_armature()
