"""A head on a body: the body's bones take over, and the head stands where they say."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import helper_keys, joint_anchors, presentation, shape_keys
from . import body_bones, dependents, following, object_motion, rig
from .body_bones import BodyBones

MODIFIER: Final = "OFER body"
_NEAR: Final = 4
"""Power of the distance by which the bones of a neck share its vertices."""
_LEAST: Final = 1e-4
_MOST: Final = 4
"""Bones of a vertex."""


def body_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The body's armature that the head was attached to."""
    modifier = head.modifiers.get(MODIFIER)
    if modifier is None or modifier.type != "ARMATURE" or modifier.object != head.parent:
        return None
    return modifier.object


def carrier_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The armature whose bones move the head: its own rig, or a body's."""
    return rig.rig_of(head) or body_of(head)


def candidates() -> list[bpy.types.Object]:
    """Bodies in the scene that a head could go on, those that are selected first."""
    found = [each for each in bpy.context.scene.objects
             if each.type == "ARMATURE" and body_bones.recognise(each)]  # fmt: skip
    return sorted(found, key=lambda each: not each.select_get())


def meshes_of(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Meshes in the scene that a body's bones move, seams with them, heads left out."""
    return [
        each
        for each in bpy.context.scene.objects
        if each.type == "MESH" and not each.ofer.is_head
        and any(m.type == "ARMATURE" and m.object == armature for m in each.modifiers)
    ]  # fmt: skip


def attach(head: bpy.types.Object, armature: bpy.types.Object, size: float) -> BodyBones:
    """Put a head on a body at rest: its joint `head` comes to where the body's head begins, it
    looks where the body looks, and the body's bones move it. A rig of its own is taken away.

    size : of the head against its real one. Raises OferError(BAD_REQUEST) for an armature that is
    no body, a head that follows something else or is animated as a whole, or one whose rig carries
    more than the head; then nothing was changed.
    """
    bones = body_bones.recognise(armature)
    if bones is None:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is no body: it has no bones named head and neck as bodies have.",
            "Choose the armature of a body: Rigify, MPFB, Mixamo, Unreal or VRM.",
            name=armature.name,
        )
    own = rig.rig_of(head)
    if own is None:
        following.check_free(head)
    else:
        following.check_unheld(head)
        dependents.check_bare(head, own)
    object_motion.check_still(head)
    joint = joint_anchors.places(head)["head"]
    if own:
        _take_off(head)
    if left := head.modifiers.get(MODIFIER):  # of a body that was deleted
        head.modifiers.remove(left)
    head.parent = armature
    head.matrix_parent_inverse = body_bones.into_frame(armature)
    head.matrix_basis = _place(armature, bones, Vector(joint), size)
    bpy.context.view_layer.update()
    share(head, armature)
    modifier = head.modifiers.new(MODIFIER, "ARMATURE")
    modifier.object = armature
    smooth = head.modifiers.find(presentation.SMOOTH)
    if smooth >= 0:  # bones move the head's own points, which are then rounded
        head.modifiers.move(len(head.modifiers) - 1, smooth)
    if own:
        _remove(own)
    return bones


def _place(armature: bpy.types.Object, bones: BodyBones, joint: Vector, size: float) -> Matrix:
    """World transform of the head."""
    left, up = body_bones.axes(armature, bones)
    turn = Matrix((left, up.cross(left), up)).transposed().to_4x4()
    turn = turn @ Matrix.Scale(size, 4)
    goal = armature.matrix_world @ armature.data.bones[bones.head].head_local
    return Matrix.Translation(goal - turn @ joint) @ turn


def _take_off(head: bpy.types.Object) -> None:
    """Part the head from its own rig, and what that drives."""
    if modifier := head.modifiers.get(rig.MODIFIER):
        head.modifiers.remove(modifier)
    for name in helper_keys.JAW:
        if key := helper_keys.get(head, name):
            key.driver_remove("value")
            key.value = 0.0
    head.parent = None


def _remove(own: bpy.types.Object) -> None:
    """Take away a rig that carries nothing any more, as `dependents.check_bare` found, and what its
    eyes look at."""
    gaze, data = dependents.gaze_of(own), own.data
    bpy.data.objects.remove(own)
    if not data.users:
        bpy.data.armatures.remove(data)
    if gaze:
        bpy.data.objects.remove(gaze)


def share(head: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Give a body's bones what the joints of a head that stands on it have; the shares of joints
    that are called as a bone of the body are set aside. Nothing is changed on what is no body."""
    bones = body_bones.recognise(armature)
    if bones is None:
        return
    shares = {name: joint_anchors.own_shares(head, name) for name in rig.BONES}
    given = {name: np.zeros(len(head.data.vertices)) for name in bones.all}
    given[bones.chest] += shares["root"]
    given[bones.head] += shares["head"]
    given[bones.jaw or bones.head] += shares["jaw"]
    for eye, name in zip(rig.EYES, bones.eyes, strict=True):
        given[name or bones.head] += shares[eye]
    for name, part in _along(head, armature, bones.necks).items():
        given[name] += shares["neck"] * part
    _limit(given)
    taken = set(rig.BONES) & set(armature.data.bones.keys())
    joint_anchors.set_aside(head, sorted(taken))
    for name in taken - set(given):
        head.vertex_groups[name].remove(range(len(head.data.vertices)))
    for name, weights in given.items():
        joint_anchors.set_shares(head, name, weights, _LEAST)


def _limit(given: dict[str, np.ndarray]) -> None:
    """Let no vertex follow more bones than programs keep; what it follows in all stays."""
    weights = np.stack(list(given.values()))
    kept = np.argsort(np.argsort(-weights, axis=0), axis=0) < _MOST
    total = np.maximum((weights * kept).sum(0), 1e-12)
    weights *= kept * (weights.sum(0) / total)
    given |= dict(zip(given, weights, strict=True))


def _along(
    head: bpy.types.Object, armature: bpy.types.Object, necks: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Share of each neck bone in what follows the neck, by how near it is; they sum to one."""
    points = shape_keys.points(head.data.shape_keys.reference_key).astype(float)
    place = np.array(head.matrix_world)
    points = points @ place[:3, :3].T + place[:3, 3]
    near = []
    for name in necks:
        bone = armature.data.bones[name]
        start, end = (np.array(armature.matrix_world @ each)
                      for each in (bone.head_local, bone.tail_local))  # fmt: skip
        along = np.clip(
            (points - start) @ (end - start) / max((end - start) @ (end - start), 1e-12), 0, 1
        )
        away = np.linalg.norm(points - start - along[:, None] * (end - start), axis=1)
        near.append(np.maximum(away, 1e-4) ** -_NEAR)
    total = np.sum(near, axis=0)
    return {name: each / total for name, each in zip(necks, near, strict=True)}
