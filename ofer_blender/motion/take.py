"""A take of a face on a head: its 52 keys and the turning of its head as actions, and back."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix

from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.face_motion import FaceMotion
from ..head import tweak_mode
from ..rig import arkit_keys, body
from . import head_turn
from .curves import begin, fill
from .head_turn import TurningBones
from .stand_in import stand_in


def frames_a_second(scene: bpy.types.Scene) -> float:
    """Of a scene."""
    return scene.render.fps / scene.render.fps_base


def check_left(head: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST) where a strip of a head's keys or bones is being tweaked."""
    armature = body.carrier_of(head)
    tweak_mode.check_left(head.name, head.data.shape_keys)
    if armature:
        tweak_mode.check_left(armature.name, armature)


def check_playable(head: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST) for a head without the 52 keys, or in tweak mode of the NLA."""
    check_left(head)
    if not arkit_keys.complete(head):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no keys that could play a take.",
            "Press Add ARKit 52 first.",
            name=head.name,
        )


def play(
    head: bpy.types.Object, motion: FaceMotion, name: str, start: int, turn: bool
) -> tuple[bpy.types.Action, ...]:
    """Let a head play a take, from a frame of the scene on, with a key at each of its frames.

    The 52 units get an action; with `turn`, the bone of the head, too, of its rig or of its body,
    which goes on with the rest of what it does. Jaw and eyes of its rig, which a performance may
    have moved, stop. What animated them before stays in the file. Raises OferError as
    `check_playable`.
    """
    check_playable(head)
    frames = start + motion.times * frames_a_second(bpy.context.scene)
    keys = head.data.shape_keys
    action, curves = begin(keys, f"{head.name} {name}")
    for place, unit in enumerate(ARKIT_52):
        path = f'key_blocks["{bpy.utils.escape_identifier(unit)}"].value'
        fill(curves.new(path), frames, motion.weights[:, place])
    bones = head_turn.bones_of(head)
    if bones is None or not turn:
        stopped = head_turn.stop_face_bones(head, f"{head.name} {name} bones")
        return (action, stopped) if stopped else (action,)
    turned, made = head_turn.begin(bones, f"{bones.armature.name} {name}")
    turns = [bones.turn(*map(float, angles)) for angles in motion.head]
    head_turn.fill(made, bones, bones.head, frames, turns)
    return action, turned


def record(head: bpy.types.Object, first: int, last: int) -> FaceMotion:
    """What a head does from one frame of the scene to another, whatever moves it; the scene stays
    as it is.

    The head turns as its bone, of its rig or of its body, does against its rest, the neck's share
    included, and the eyes as their bones do against the head. Raises OferError(BAD_REQUEST) for a
    head without the 52 keys, or a span without frames.
    """
    if not arkit_keys.complete(head) or last < first:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has nothing that could be written as a take.",
            "Press Add ARKit 52, and set the scene's first and last frame.",
            name=head.name,
        )
    bones = head_turn.bones_of(head)
    weights, turns = [], []
    with stand_in(head, bones.armature if bones else None) as (played, layer):
        for frame in range(first, last + 1):
            played.frame_set(frame)
            blocks = head.evaluated_get(layer.depsgraph).data.shape_keys.key_blocks
            weights.append([blocks[name].value for name in ARKIT_52])
            turns.append(_turns(bones, layer.depsgraph))
    times = np.arange(len(weights)) / frames_a_second(bpy.context.scene)
    angles = np.array(turns, np.float64)
    return FaceMotion(
        times, np.array(weights, np.float64), angles[:, 0], angles[:, 1], angles[:, 2]
    )


def _turns(bones: TurningBones | None, graph: bpy.types.Depsgraph) -> Sequence[Sequence[float]]:
    """Yaw, pitch and roll of the head and of both eyes; none without bones."""
    still = (0.0, 0.0, 0.0)
    if bones is None:
        return [still] * 3
    posed = bones.armature.evaluated_get(graph).pose.bones
    head = _turn(posed[bones.carrier])
    eyes = [head.inverted() @ _turn(posed[name]) if name else None for name in bones.eyes]
    return [bones.angles(head), *(bones.angles(eye) if eye else still for eye in eyes)]


def _turn(bone: bpy.types.PoseBone) -> Matrix:
    """How a bone is turned against its rest, in the armature's frame."""
    return _rotation(bone) @ bone.bone.matrix_local.to_3x3().inverted()


def _rotation(bone: bpy.types.PoseBone) -> Matrix:
    """How a bone is turned in its armature, however it is scaled; not at all, scaled to nothing."""
    if not bone.matrix.determinant():
        return bone.bone.matrix_local.to_3x3()
    return bone.matrix.to_quaternion().to_matrix()
