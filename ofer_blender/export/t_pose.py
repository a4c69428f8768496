"""Arms at rest as VRM wants them: straight out to the sides, thumbs half ahead, on copies.

The specification of the rest pose (VRM 1.0, *T-pose*) has the arms along X, the fingers with them,
the thumbs between X and where the body looks. How a bone is turned about itself stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..rig.at_rest import evaluated

_ARM: Final = ("UpperArm", "LowerArm", "Hand")
_FINGERS: Final = ("Thumb", "Index", "Middle", "Ring", "Little")
_STRAIGHT: Final = 1e-3
"""Radians that a bone may be off."""


def chains(human: Mapping[str, str]) -> list[tuple[str, Vector, str]]:
    """Bone, where it has to point in Blender's axes, and the bone that it points to, "" for its own
    end; what moves others comes first. human : humanoid bone → bone."""
    found: list[tuple[str, Vector, str]] = []
    for side, way in (("left", 1.0), ("right", -1.0)):
        out = Vector((way, 0, 0))
        arm = [human[side + each] for each in _ARM if side + each in human]
        middle = human.get(f"{side}MiddleProximal", "")
        found += [(name, out, after) for name, after in zip(arm, [*arm[1:], middle], strict=True)]
        for finger in _FINGERS:
            names = [name for each, name in human.items() if each.startswith(side + finger)]
            to = Vector((way, -1, 0)).normalized() if finger == "Thumb" else out
            found += zip(names, [to] * len(names), (*names[1:], ""), strict=False)
    return found


def spread(
    armature: bpy.types.Object, meshes: Iterable[bpy.types.Object], human: Mapping[str, str]
) -> None:
    """Lay the arms of a copy out, and with them the meshes without keys that its bones move. The
    armature looks along -Y and stands in the scene, in Object mode."""
    for name, to, after in chains(human):
        bone = armature.pose.bones[name]
        end = armature.pose.bones[after].head if after else bone.tail
        turn = (end - bone.head).rotation_difference(to)
        if turn.angle > _STRAIGHT:
            place = Matrix.Translation(bone.head)
            bone.matrix = place @ turn.to_matrix().to_4x4() @ place.inverted() @ bone.matrix
            bpy.context.view_layer.update()
    for each in meshes:
        posed = evaluated(each)
        points = np.empty(3 * len(posed.vertices), np.float32)
        posed.vertices.foreach_get("co", points)
        bpy.data.meshes.remove(posed)
        each.data.vertices.foreach_set("co", points)
        each.data.update()
    _rest(armature)


def _rest(armature: bpy.types.Object) -> None:
    """The pose becomes the rest."""
    view = bpy.context.view_layer
    before, view.objects.active = view.objects.active, armature
    posed = {bone.name: bone.matrix.copy() for bone in armature.pose.bones}
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in armature.data.edit_bones:
        bone.use_connect = False
    for name, matrix in posed.items():
        armature.data.edit_bones[name].matrix = matrix
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    view.objects.active = before
