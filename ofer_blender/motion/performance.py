"""A performance read from a video, on a head: its keys and bones as actions."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import bpy
import numpy as np
from mathutils import Vector

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER
from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.performance import Performance
from ..head import head_frame
from ..rig import rig
from . import curves, head_turn
from .head_turn import TurningBones
from .take import check_playable, frames_a_second

NECK_SHARE: Final = 0.35
"""Of the head's turn that the neck does."""
_ROOT, _NECK, _HEAD, _JAW = "root", "neck", "head", "jaw"


class Movers(StrEnum):
    """What moves eyes and jaw."""

    KEYS = "KEYS"
    BONES = "BONES"


def frames_of(recorded: Performance, start: int) -> tuple[int, int]:
    """The first and the last frame of a scene that shows a performance from a frame on, each of its
    frames once. Raises OferError(BAD_REQUEST) where a scene has none of them."""
    most = bpy.types.Scene.bl_rna.properties["frame_end"].hard_max
    last = start + round(float(recorded.array("seconds")[-1]) * recorded.rate)
    if last < 0 or start > most:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "From frame {start} on, all of it lies outside a scene, whose frames are 0 to {most}.",
            "Choose another Start.",
            start=start,
            most=most,
        )
    return max(start, 0), min(last, most)


def play(
    head: bpy.types.Object, recorded: Performance, start: int, movers: Movers
) -> tuple[bpy.types.Action, ...]:
    """Let a head play a performance from a frame of the scene on, with a key at each of its frames.

    The 52 keys get an action; so does the rig, where there is one: bones `neck` and `head` turn,
    `root` takes them where the video shows them, and with `Movers.BONES` eyes and jaw turn, too,
    in place of their keys. On a body its necks and head turn, and it goes on with the rest of what
    it does. What animated them before stays in the file. Raises OferError as `check_playable` and
    `Performance.array`.
    """
    check_playable(head)
    frames = start + recorded.array("seconds") * frames_a_second(bpy.context.scene)
    bones, own = head_turn.bones_of(head), rig.rig_of(head)
    by_bones = movers is Movers.BONES and own is not None
    actions = (_play_keys(head, recorded, frames, by_bones),)
    if bones is not None:
        action, made = head_turn.begin(bones, f"{bones.armature.name} {recorded.video}")
        _turn_neck_and_head(made, bones, frames, recorded.array("head"))
        actions += (action,)
        if own is not None:
            _play_own_bones(made, head, own, recorded, frames, by_bones)
    return actions


def _play_keys(
    head: bpy.types.Object, recorded: Performance, frames: np.ndarray, by_bones: bool
) -> bpy.types.Action:
    keys = head.data.shape_keys
    action, made = curves.begin(keys, f"{head.name} {recorded.video}")
    weights = recorded.array("weights")
    for place, unit in enumerate(ARKIT_52):
        path = f'key_blocks["{bpy.utils.escape_identifier(unit)}"].value'
        moved_by_bone = by_bones and (unit == "jawOpen" or unit.startswith("eyeLook"))
        values = np.zeros(len(frames)) if moved_by_bone else weights[:, place]
        curves.fill(made.new(path), frames, values)
    return action


def _turn_neck_and_head(
    made: object, bones: TurningBones, frames: np.ndarray, turned: np.ndarray
) -> None:
    """The necks share the turn of the head (F, 3)."""
    whole = [tuple(map(float, angles)) for angles in turned]
    before = [bones.turn(0.0, 0.0, 0.0)] * len(whole)
    shares = [NECK_SHARE * number / len(bones.necks) for number in range(1, len(bones.necks) + 1)]
    for name, share in zip((*bones.necks, bones.head), (*shares, 1.0), strict=True):
        now = [bones.turn(*(share * angle for angle in angles)) for angles in whole]
        steps = [b.inverted() @ n for b, n in zip(before, now, strict=True)]
        head_turn.fill(made, bones, name, frames, steps)
        before = now


def _play_own_bones(
    made: object,
    head: bpy.types.Object,
    armature: bpy.types.Object,
    recorded: Performance,
    frames: np.ndarray,
    by_bones: bool,
) -> None:
    """What bones do that only the rig of a head has."""
    if by_bones:
        angles = {
            _JAW: np.stack([recorded.array("jaw"), *np.zeros((2, len(frames)))], axis=1),
            "eye_L": _eye(recorded.array("left_eye")),
            "eye_R": _eye(recorded.array("right_eye")),
        }
        rig.hold_eyes(armature, held=False)
        for name, values in angles.items():
            armature.pose.bones[name].rotation_mode = "XYZ"
            _fill(made, f'pose.bones["{name}"].rotation_euler', frames, values)
    moved = _root(head, armature, recorded.array("head"), recorded.array("place"))
    _fill(made, f'pose.bones["{_ROOT}"].location', frames, moved)


def _fill(made: object, path: str, frames: np.ndarray, values: np.ndarray) -> None:
    for axis, along in enumerate(values.T):
        curves.fill(made.new(path, index=axis), frames, along)


def _root(
    head: bpy.types.Object, armature: bpy.types.Object, turned: np.ndarray, place: np.ndarray
) -> np.ndarray:
    """(F, 3) where the root goes so that the head's joint is where the video shows it, from where
    it is at rest in the first frame on."""
    bones, turning = armature.data.bones, head_turn.bones_of(head)
    away = bones[_HEAD].head_local - bones[_NECK].head_local
    into = bones[_ROOT].matrix_local.to_3x3().inverted()
    to_mesh = head_frame.placement(head).linear @ ENGINE_TO_BLENDER.astype(np.float64)
    shifts = (place - place[0]) @ to_mesh.T
    found = np.empty_like(turned, np.float64)
    for row, angles in enumerate(turned.astype(float)):
        swung = turning.turn(*(NECK_SHARE * angle for angle in angles)) @ away - away
        found[row] = tuple(into @ (Vector(shifts[row]) - swung))
    return found


def _eye(gaze: np.ndarray) -> np.ndarray:
    """(F, 3) angles of an eye's bone, whose axes are the subject's left, ahead and down."""
    yaw, pitch, _ = gaze.T
    return np.stack((pitch, np.zeros_like(yaw), -yaw), axis=1)
