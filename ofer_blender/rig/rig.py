"""The rig of a head: an armature of six bones, whose eyes aim and whose jaw opens.

Every bone's X axis is the subject's left, so turning by +X nods the neck and head down, opens the
jaw and lowers the gaze; +Y rolls about the bone, and Z completes it. Bones rest on the joints:
root neck head jaw eye_L eye_R, those of the eyes at the centres of the eyeballs, looking ahead.
"""

from __future__ import annotations

from typing import Final

import bpy
from mathutils import Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import head_frame, joint_anchors, presentation
from ..head.linked import check_own, link_beside
from . import bone_rings, following, jaw_correctives, object_motion, rest_bones
from .rest_bones import BONES, EYES

MODIFIER: Final = "OFER rig"
AIM: Final = "OFER aim"
FOLLOW: Final = "OFER follow"
_AIM_DISTANCE: Final = 20.0
_AIM_SIZE: Final = 0.67
"""Lengths of an eye's bone."""


def rig_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The armature that the head hangs on, if it was rigged."""
    parent = head.parent
    if parent and parent.type == "ARMATURE" and set(BONES) <= set(parent.data.bones.keys()):
        return parent
    return None


def build(head: bpy.types.Object) -> bpy.types.Object:
    """Make the armature and hang the head on it where it stands; one that is there is kept. What
    animates the head as a whole animates the armature from then on.

    The head must be linked to the scene, in Object mode. Raises OferError where the head follows
    something else already, does not say where its joints are, or as `head_frame.of`; then nothing
    was made.
    """
    if found := rig_of(head):
        return found
    following.check_free(head)
    object_motion.check_no_tracks(head)
    frame, parents = head_frame.or_unmoved(head), joint_anchors.parents(head)
    if missing := joint_anchors.groups_missing(head):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has lost its vertex group {missing}: that bone would move nothing.",
            "Undo its deletion, or open the reconstruction again.",
            name=head.name,
            missing=repr(missing[0]),
        )
    joint_anchors.take_back(head)
    bones = rest_bones.of(head, frame)
    rig = bpy.data.objects.new(f"{head.name} rig", bpy.data.armatures.new(f"{head.name} rig"))
    scene = bpy.context.scene.collection.objects
    scene.link(rig)  # the head's own collections may be hidden, and what is hidden has no Edit Mode
    rig.data.display_type = "STICK"
    rig.parent, rig.parent_type = head.parent, head.parent_type
    rig.parent_vertices = head.parent_vertices
    rig.matrix_parent_inverse = head.matrix_parent_inverse.copy()
    rig.matrix_basis = head.matrix_basis.copy()  # on the same parent it stands where the head does
    view = bpy.context.view_layer
    before = view.objects.active
    view.objects.active = rig
    with bpy.context.temp_override(active_object=rig, object=rig):
        bpy.ops.object.mode_set(mode="EDIT")
        _add_bones(rig, bones, parents)
        bpy.ops.object.mode_set(mode="OBJECT")
    rig.select_set(False)
    view.objects.active = before
    view.update()  # which gives it a pose
    for bone in rig.pose.bones:
        bone.rotation_mode = "XYZ"
    bone_rings.put_on(rig, head)
    scene.unlink(rig)
    link_beside(rig, head)
    object_motion.hand_over(head, rig)
    _hang(head, rig)
    if frame:
        _take_along(head, frame.vertices)
        jaw_correctives.add(head, rig, frame)
    aim_by_angles(rig)
    joint_anchors.drop_aside(head)
    return rig


def aim_at(rig: bpy.types.Object, target: bpy.types.Object) -> None:
    """Both eyes look at an object from now on. Raises OferError as `check_own`."""
    _clear_aim(rig)
    for name in EYES:
        aim = rig.pose.bones[name].constraints.new("DAMPED_TRACK")
        aim.name, aim.target, aim.track_axis = AIM, target, "TRACK_Y"


def aim_by_angles(rig: bpy.types.Object) -> None:
    """The eyes look where eye_L is turned; eye_R follows it. Raises OferError as `check_own`."""
    _clear_aim(rig)
    follow = rig.pose.bones["eye_R"].constraints.new("COPY_ROTATION")
    follow.name, follow.target, follow.subtarget = FOLLOW, rig, "eye_L"
    follow.target_space = follow.owner_space = "LOCAL"


def hold_eyes(rig: bpy.types.Object, *, held: bool) -> None:
    """Whether eye_R follows eye_L, or both a target; else each turns by itself."""
    for name in EYES:
        for constraint in rig.pose.bones[name].constraints:
            if constraint.name in (AIM, FOLLOW):
                constraint.mute = not held


def aim_target(rig: bpy.types.Object) -> bpy.types.Object | None:
    """What the eyes look at, if at anything."""
    aim = rig.pose.bones["eye_L"].constraints.get(AIM)
    return aim.target if aim else None


def new_target(rig: bpy.types.Object) -> bpy.types.Object:
    """An empty ahead of the eyes, beside the rig in its collections and moving with it."""
    target = bpy.data.objects.new(f"{rig.name} gaze", None)
    target.empty_display_type = "SPHERE"
    target.empty_display_size = rig.data.bones["eye_L"].length * _AIM_SIZE
    link_beside(target, rig)
    target.parent = rig
    eyes = [rig.data.bones[name] for name in EYES]
    target.location = sum(
        (eye.head_local.lerp(eye.tail_local, _AIM_DISTANCE) for eye in eyes), Vector()
    ) / len(eyes)
    return target


def _clear_aim(rig: bpy.types.Object) -> None:
    check_own(rig)
    for name in EYES:
        constraints = rig.pose.bones[name].constraints
        for constraint in [each for each in constraints if each.name in (AIM, FOLLOW)]:
            constraints.remove(constraint)


def _add_bones(
    rig: bpy.types.Object, rest: dict[str, rest_bones.RestBone], parents: dict[str, str]
) -> None:
    bones = rig.data.edit_bones
    for name in BONES:
        bone = bones.new(name)
        bone.head, bone.tail = rest[name].head, rest[name].tail
        bone.align_roll(rest[name].left.cross(bone.tail - bone.head))
        if parents.get(name):
            bone.parent = bones[parents[name]]
        bone.use_connect = False


def _take_along(head: bpy.types.Object, vertices: int) -> None:
    """What was joined to the head, and follows none of the bones, follows the bone of the head."""
    bones = {head.vertex_groups[name].index for name in BONES}
    idle = [
        vertex.index
        for vertex in head.data.vertices[vertices:]
        if not any(entry.group in bones and entry.weight for entry in vertex.groups)
    ]
    if idle:
        head.vertex_groups["head"].add(idle, 1.0, "REPLACE")


def _hang(head: bpy.types.Object, rig: bpy.types.Object) -> None:
    head.parent, head.parent_type = rig, "OBJECT"
    head.matrix_parent_inverse.identity()
    head.matrix_basis.identity()
    if left := head.modifiers.get(MODIFIER):  # of a rig that was deleted
        head.modifiers.remove(left)
    modifier = head.modifiers.new(MODIFIER, "ARMATURE")
    modifier.object = rig
    modifier.use_deform_preserve_volume = False
    smooth = head.modifiers.find(presentation.SMOOTH)
    if smooth >= 0:  # bones move the head's own points, which are then rounded
        head.modifiers.move(len(head.modifiers) - 1, smooth)
