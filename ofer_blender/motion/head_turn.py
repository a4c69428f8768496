"""Which bones turn a head, and how: those of its own rig, or of the body that it is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Euler, Matrix, Quaternion

from ..rig import body, body_bones, rig
from . import curves

_ORDER: Final = "ZXY"
"""Roll, then pitch, then yaw."""
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
    """A new action for what turns a head, and its curves. A body goes on doing what it did."""
    if set(rig.BONES) <= set(bones.armature.data.bones.keys()):
        return curves.begin(bones.armature, name)
    turned = [f'pose.bones["{bpy.utils.escape_identifier(each)}"].rotation'
              for each in (*bones.necks, bones.head)]  # fmt: skip
    return curves.go_on(bones.armature, name, tuple(turned))


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
    path = f'pose.bones["{bpy.utils.escape_identifier(name)}"].rotation_{kind}'
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
