"""Which bones of an armature a file gets, and what each hangs on there.

All of them, but of a rig that Rigify generated: of that those that deform, hung on each other. Its
other seven hundred move these in Blender and mean nothing elsewhere.
"""

from __future__ import annotations

from typing import Final

import bpy

_DEFORMING: Final = "DEF-"
_ORIGINAL: Final = "ORG-"


def parents(armature: bpy.types.Object) -> dict[str, str]:
    """Bone → what it hangs on in a file, "" for nothing; parents come first."""
    bones = armature.data.bones
    kept = {name for name in bones.keys() if name.startswith(_DEFORMING)} or set(bones.keys())
    found = {bone.name: _above(bone, kept) for bone in bones if bone.name in kept}
    order: dict[str, str] = {}
    while len(order) < len(found):
        order |= {n: p for n, p in found.items() if n not in order and (not p or p in order)}
    return order


def prune(armature: bpy.types.Object, kept: dict[str, str]) -> None:
    """Leave a copy only these bones, hung so. It must be linked to the scene, in Object mode."""
    if set(kept) == set(armature.data.bones.keys()):
        return
    view = bpy.context.view_layer
    before, view.objects.active = view.objects.active, armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = armature.data.edit_bones
    for name, above in kept.items():
        bones[name].use_connect = False
        bones[name].parent = bones[above] if above else None
    for bone in [each for each in bones if each.name not in kept]:
        bones.remove(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    view.objects.active = before


def _above(bone: bpy.types.Bone, kept: set[str]) -> str:
    """The next bone above that is kept, or stands for one that is."""
    seen = bone.parent
    while seen:
        stands_for = _DEFORMING + seen.name.removeprefix(_ORIGINAL)
        if seen.name in kept:
            return seen.name
        if seen.name.startswith(_ORIGINAL) and stands_for in kept and stands_for != bone.name:
            return stands_for
        seen = seen.parent
    return ""
