"""Which bones turn a head, and how: those of its own rig, or of the body that it is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Euler, Matrix, Quaternion

from .. import compat
from ..rig import body, body_bones, rig
from . import curves

_ORDER: Final = "ZXY"
"""Roll, then pitch, then yaw."""
_REST: Final = {
    "location": (0.0, 0.0, 0.0),
    "rotation_euler": (0.0, 0.0, 0.0),
    "rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "rotation_axis_angle": (0.0, 0.0, 1.0, 0.0),
}
"""Channels of a bone that are played, at rest."""
_CONTROLS: Final = {"Rigify": (("neck",), "head")}
"""Of bodies whose deforming bones follow others by constraints: those that are posed."""


@dataclass(frozen=True)
class TurningBones:
    """armature; necks : that are posed, the lowest first; head : that is posed; carrier : that the
    face follows; eyes : left and right, "" where there is none; axes : (3, 3) the subject's left,
    up and ahead, as columns, in the armature's frame."""

    armature: bpy.types.Object
    necks: tuple[str, ...]
    head: str
    carrier: str
    eyes: tuple[str, str]
    axes: Matrix

    def turn(self, yaw: float, pitch: float, roll: float) -> Matrix:
        """(3, 3) in the armature's frame."""
        return self.axes @ Euler((pitch, yaw, roll), _ORDER).to_matrix() @ self.axes.transposed()

    def angles(self, turn: Matrix) -> tuple[float, float, float]:
        """Yaw, pitch and roll of a turn (3, 3) in the armature's frame."""
        pitch, yaw, roll = (self.axes.transposed() @ turn @ self.axes).to_euler(_ORDER)
        return yaw, pitch, roll


def bones_of(head: bpy.types.Object) -> TurningBones | None:
    """None for a head that no bones turn."""
    if own := rig.rig_of(head):
        axes = own.data.bones["head"].matrix_local.to_3x3()
        return TurningBones(own, ("neck",), "head", "head", rig.EYES, axes)
    armature = body.body_of(head)
    found = body_bones.recognise(armature) if armature else None
    if armature is None or found is None:
        return None
    necks, top = _CONTROLS.get(found.label, (found.necks, found.head))
    if not {*necks, top} <= set(armature.pose.bones.keys()):
        necks, top = found.necks, found.head
    left, up = body_bones.axes(armature, found)
    axes = Matrix((left, up, left.cross(up))).transposed()
    into = body_bones.into_frame(armature).to_quaternion().to_matrix()
    return TurningBones(armature, necks, top, found.head, found.eyes, into @ axes)


def begin(bones: TurningBones, name: str) -> tuple[bpy.types.Action, Any]:
    """A new action for what turns a head, and its curves. An armature goes on doing what it did,
    but for the bones that turn; on a rig of the head's own, eyes and jaw, and the way of the root,
    stop as well. What stops is at rest where no new curve moves it."""
    return _go_on(bones.armature, name, _turned(bones))


def stop_face_bones(head: bpy.types.Object, name: str) -> bpy.types.Action | None:
    """Jaw and eyes of a head's own rig stop what an action lets them do, since keys move the face
    from now on; the rest goes on, in a new action. None where they do nothing."""
    own = rig.rig_of(head)
    if own is None or not any(c.data_path.startswith(_FACE) for c in compat.curves_of(own)):
        return None
    return _go_on(own, name, _FACE)[0]


def _turned(bones: TurningBones) -> tuple[str, ...]:
    """What the paths of curves begin with that a performance or a take replaces."""
    turned = tuple(_rotation(each) for each in (*bones.necks, bones.head))
    if set(rig.BONES) <= set(bones.armature.data.bones.keys()):
        return (*turned, *_FACE, f"{_bone('root')}.location")
    return turned


def _go_on(armature: bpy.types.Object, name: str, paths: tuple[str, ...]) -> tuple[Any, Any]:
    curves_before = compat.curves_of(armature)
    stopped = {each.data_path for each in curves_before if each.data_path.startswith(paths)}
    action, made = curves.go_on(armature, name, paths)
    for bone in armature.pose.bones:
        for channel, rest in _REST.items():
            if f"{_bone(bone.name)}.{channel}" in stopped:
                setattr(bone, channel, rest)
    if any(path.startswith(_rotation("eye_R")) for path in stopped):
        rig.hold_eyes(armature, held=True)
    return action, made


def _bone(name: str) -> str:
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"]'


def _rotation(name: str) -> str:
    return f"{_bone(name)}.rotation"


_FACE: Final = tuple(_rotation(name) for name in ("jaw", *rig.EYES))
"""Turns of what keys move as well."""


def fill(
    made: Any, bones: TurningBones, name: str, frames: np.ndarray, turns: Sequence[Matrix]
) -> None:
    """Give a bone a key at each of (F,) frames, however it is rotated. turns : (3, 3) each, in the
    armature's frame, against what the bone hangs on."""
    bone = bones.armature.pose.bones[name]
    rest = bone.bone.matrix_local.to_3x3()
    local = [rest.inverted() @ turn @ rest for turn in turns]
    if bone.rotation_mode == "AXIS_ANGLE":
        bone.rotation_mode = "QUATERNION"
    if bone.rotation_mode == "QUATERNION":
        kind, values = "quaternion", _quaternions(local)
    else:
        kind, values = "euler", _eulers(local, bone.rotation_mode)
    path = f"{_rotation(name)}_{kind}"
    for axis, along in enumerate(values.T):
        curves.fill(made.new(path, index=axis), frames, along)


def _eulers(turns: Sequence[Matrix], order: str) -> np.ndarray:
    """(F, 3) radians without leaps."""
    found, last = np.empty((len(turns), 3)), Euler((0, 0, 0), order)
    for place, turn in enumerate(turns):
        last = turn.to_euler(order, last)
        found[place] = tuple(last)
    return found


def _quaternions(turns: Sequence[Matrix]) -> np.ndarray:
    """(F, 4) of which no two neighbours go the long way round."""
    found, last = np.empty((len(turns), 4)), Quaternion()
    for place, turn in enumerate(turns):
        now = turn.to_quaternion()
        now.make_compatible(last)
        found[place], last = tuple(now), now
    return found
