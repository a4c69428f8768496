"""A performance read from a video, on a head: its keys and bones as actions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import bpy
import numpy as np
from mathutils import Euler, Matrix, Vector

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER
from ...ofer_engine.contract.arkit import ARKIT_52
from ...ofer_engine.contract.performance import Performance
from ..head import head_frame
from ..rig import rig
from . import curves
from .take import check_playable, frames_a_second

NECK_SHARE: Final = 0.35
"""Of the head's turn that the neck does."""
_ORDER: Final = "ZXY"
_ROOT, _NECK, _HEAD, _JAW = "root", "neck", "head", "jaw"


class Movers(StrEnum):
    """What moves eyes and jaw."""

    KEYS = "KEYS"
    BONES = "BONES"


@dataclass(frozen=True)
class Played:
    """The actions that were made, and the scene's frames that they cover."""

    actions: tuple[bpy.types.Action, ...]
    first: float
    last: float


def play(head: bpy.types.Object, recorded: Performance, start: int, movers: Movers) -> Played:
    """Let a head play a performance from a frame of the scene on, with a key at each of its frames.

    The 52 keys get an action; so does the rig, where there is one: bones `neck` and `head` turn,
    `root` takes them where the video shows them, and with `Movers.BONES` eyes and jaw turn, too,
    in place of their keys. What animated them before stays in the file. Raises
    OferError(BAD_REQUEST) for a head without the 52 keys, and as `Performance.array`.
    """
    check_playable(head)
    frames = start + recorded.array("seconds") * frames_a_second(bpy.context.scene)
    armature = rig.rig_of(head)
    by_bones = movers is Movers.BONES and armature is not None
    action = _play_keys(head, recorded, frames, by_bones)
    actions = (action,)
    if armature is not None:
        actions += (_play_bones(head, armature, recorded, frames, by_bones),)
    return Played(actions, float(frames[0]), float(frames[-1]))


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


def _play_bones(
    head: bpy.types.Object,
    armature: bpy.types.Object,
    recorded: Performance,
    frames: np.ndarray,
    by_bones: bool,
) -> bpy.types.Action:
    action, made = curves.begin(armature, f"{armature.name} {recorded.video}")
    turned = recorded.array("head")
    neck, top, moved = _neck_and_head(head, armature, turned, recorded.array("place"))
    angles = {_NECK: neck, _HEAD: top}
    if by_bones:
        angles |= {
            _JAW: np.stack([recorded.array("jaw"), *np.zeros((2, len(frames)))], axis=1),
            "eye_L": _eye(recorded.array("left_eye")),
            "eye_R": _eye(recorded.array("right_eye")),
        }
        _let_go_of_the_right_eye(armature)
    for name, values in angles.items():
        armature.pose.bones[name].rotation_mode = "XYZ"
        _fill(made, f'pose.bones["{name}"].rotation_euler', frames, values)
    _fill(made, f'pose.bones["{_ROOT}"].location', frames, moved)
    return action


def _fill(made: object, path: str, frames: np.ndarray, values: np.ndarray) -> None:
    for axis, along in enumerate(values.T):
        curves.fill(made.new(path, index=axis), frames, along)


def _neck_and_head(
    head: bpy.types.Object, armature: bpy.types.Object, turned: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(F, 3) angles of neck and head, and (F, 3) where the root goes so that the head's joint is
    where the video shows it, from where it is at rest in the first frame on."""
    bones = armature.data.bones
    rest = {name: bones[name].matrix_local.to_3x3() for name in (_ROOT, _NECK, _HEAD)}
    hinge, joint = bones[_NECK].head_local, bones[_HEAD].head_local
    to_mesh = head_frame.placement(head).linear @ ENGINE_TO_BLENDER.astype(np.float64)
    shifts = (place - place[0]) @ to_mesh.T
    necks, heads, roots = (np.empty_like(turned, np.float64) for _ in range(3))
    last_neck, last_head = Euler((0, 0, 0), "XYZ"), Euler((0, 0, 0), "XYZ")
    for row, (yaw, pitch, roll) in enumerate(turned.astype(float)):
        whole = _turn(rest[_HEAD], yaw, pitch, roll)
        part = _turn(rest[_HEAD], *(NECK_SHARE * angle for angle in (yaw, pitch, roll)))
        last_neck = _local(rest[_NECK], part).to_euler("XYZ", last_neck)
        last_head = _local(rest[_HEAD], part.inverted() @ whole).to_euler("XYZ", last_head)
        necks[row], heads[row] = tuple(last_neck), tuple(last_head)
        swung = part @ (joint - hinge) - (joint - hinge)
        roots[row] = tuple(rest[_ROOT].inverted() @ (Vector(shifts[row]) - swung))
    return necks, heads, roots


def _turn(rest: Matrix, yaw: float, pitch: float, roll: float) -> Matrix:
    """A turn about the axes of a bone at rest, the subject's left, up and ahead, in the armature's
    frame."""
    turn = Euler((pitch, yaw, roll), _ORDER).to_matrix()
    return rest @ turn @ rest.inverted()


def _local(rest: Matrix, turn: Matrix) -> Matrix:
    return rest.inverted() @ turn @ rest


def _eye(gaze: np.ndarray) -> np.ndarray:
    """(F, 3) angles of an eye's bone, whose axes are the subject's left, ahead and down."""
    yaw, pitch, _ = gaze.T
    return np.stack((pitch, np.zeros_like(yaw), -yaw), axis=1)


def _let_go_of_the_right_eye(armature: bpy.types.Object) -> None:
    """It turns by itself: what makes it follow the left one, or both a target, is muted."""
    for name in rig.EYES:
        for constraint in armature.pose.bones[name].constraints:
            if constraint.name in (rig.AIM, rig.FOLLOW):
                constraint.mute = True
