"""The rig of a head: an armature of six bones, whose eyes aim and whose jaw opens.

Every bone's X axis is the subject's left, so turning by +X nods the neck and head down, opens the
jaw and lowers the gaze; +Y rolls about the bone, and Z completes it. Bones rest on the joints:
root neck head jaw eye_L eye_R, those of the eyes at the centres of the eyeballs, looking ahead.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Vector

from . import bone_rings, hypotheses, jaw_correctives, joint_anchors

BONES: Final = ("root", "neck", "head", "jaw", "eye_L", "eye_R")
EYES: Final = ("eye_L", "eye_R")
MODIFIER: Final = "OFER rig"
AIM: Final = "OFER aim"
FOLLOW: Final = "OFER follow"
_LEFT: Final = Vector((1.0, 0.0, 0.0))
_UP: Final = Vector((0.0, 0.0, 1.0))
_AHEAD: Final = Vector((0.0, -1.0, 0.0))
_LENGTHS: Final = {"root": 0.05, "head": 0.12, "eye_L": 0.03, "eye_R": 0.03}
_AIM_DISTANCE: Final = 0.6
_CHIN: Final = Vector((0.0, -1.0, -0.7))


def rig_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The armature that the head hangs on, if it was rigged."""
    parent = head.parent
    if parent and parent.type == "ARMATURE" and set(BONES) <= set(parent.data.bones.keys()):
        return parent
    return None


def build(head: bpy.types.Object) -> bpy.types.Object:
    """Make the armature and hang the head on it where it stands; one that is there is kept.

    The head must be linked to the scene, in Object mode. Raises OferError where the head does not
    say where its joints are.
    """
    if found := rig_of(head):
        return found
    places, parents = joint_anchors.places(head), joint_anchors.parents(head)
    tails = _tails(head, places)
    rig = bpy.data.objects.new(f"{head.name} rig", bpy.data.armatures.new(f"{head.name} rig"))
    for collection in head.users_collection:
        collection.objects.link(rig)
    rig.data.display_type = "STICK"
    rig.parent = head.parent
    rig.matrix_world = head.matrix_world.copy()
    view = bpy.context.view_layer
    before = view.objects.active
    view.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    _add_bones(rig, places, tails, parents)
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.select_set(False)
    view.objects.active = before
    for bone in rig.pose.bones:
        bone.rotation_mode = "XYZ"
    bone_rings.put_on(rig, head)
    _hang(head, rig)
    jaw_correctives.add(head, rig)
    aim_by_angles(rig)
    return rig


def aim_at(rig: bpy.types.Object, target: bpy.types.Object) -> None:
    """Both eyes look at an object from now on."""
    _clear_aim(rig)
    for name in EYES:
        aim = rig.pose.bones[name].constraints.new("DAMPED_TRACK")
        aim.name, aim.target, aim.track_axis = AIM, target, "TRACK_Y"


def aim_by_angles(rig: bpy.types.Object) -> None:
    """The eyes look where eye_L is turned; eye_R follows it."""
    _clear_aim(rig)
    follow = rig.pose.bones["eye_R"].constraints.new("COPY_ROTATION")
    follow.name, follow.target, follow.subtarget = FOLLOW, rig, "eye_L"
    follow.target_space = follow.owner_space = "LOCAL"


def aim_target(rig: bpy.types.Object) -> bpy.types.Object | None:
    """What the eyes look at, if at anything."""
    aim = rig.pose.bones["eye_L"].constraints.get(AIM)
    return aim.target if aim else None


def new_target(rig: bpy.types.Object) -> bpy.types.Object:
    """An empty ahead of the eyes, beside the rig in its collections and moving with it."""
    target = bpy.data.objects.new(f"{rig.name} gaze", None)
    target.empty_display_type, target.empty_display_size = "SPHERE", 0.02
    for collection in rig.users_collection:
        collection.objects.link(target)
    target.parent = rig
    eyes = [rig.data.bones[name].head_local for name in EYES]
    target.location = (eyes[0] + eyes[1]) / 2 + _AHEAD * _AIM_DISTANCE
    return target


def _clear_aim(rig: bpy.types.Object) -> None:
    for name in EYES:
        constraints = rig.pose.bones[name].constraints
        for constraint in [each for each in constraints if each.name in (AIM, FOLLOW)]:
            constraints.remove(constraint)


def _tails(head: bpy.types.Object, places: dict[str, np.ndarray]) -> dict[str, Vector]:
    """Where each bone ends, object frame."""
    heads = {name: Vector(place) for name, place in places.items()}
    tails = {name: heads[name] + _UP * _LENGTHS[name] for name in ("root", "head")}
    tails["neck"] = heads["head"]
    tails |= {name: heads[name] + _AHEAD * _LENGTHS[name] for name in EYES}
    tails["jaw"] = _chin(head)
    tails["jaw"].x = heads["jaw"].x
    return tails


def _chin(head: bpy.types.Object) -> Vector:
    """The foremost low point of what follows the jaw most, wherever aside."""
    shape = hypotheses.points(head.data.shape_keys.reference_key)
    share = joint_anchors.shares(head, "jaw")
    followers = shape[share >= share.max() / 2]
    return Vector(followers[(followers @ np.array(_CHIN)).argmax()])


def _add_bones(
    rig: bpy.types.Object,
    places: dict[str, np.ndarray],
    tails: dict[str, Vector],
    parents: dict[str, str],
) -> None:
    bones = rig.data.edit_bones
    for name in BONES:
        bone = bones.new(name)
        bone.head, bone.tail = Vector(places[name]), tails[name]
        bone.align_roll(_LEFT.cross(bone.tail - bone.head))
        if parents.get(name):
            bone.parent = bones[parents[name]]
        bone.use_connect = False


def _hang(head: bpy.types.Object, rig: bpy.types.Object) -> None:
    head.parent = rig
    head.matrix_parent_inverse.identity()
    head.matrix_basis.identity()
    modifier = head.modifiers.new(MODIFIER, "ARMATURE")
    modifier.object = rig
    modifier.use_deform_preserve_volume = False
