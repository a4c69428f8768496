"""Finding a head again: by its name for scripts, by its session uid for work that takes a while;
and whether a scene has a datablock."""

from __future__ import annotations

import bpy


def named(name: str) -> bpy.types.Object | None:
    """The object of this name in this file: one linked from another file may have the name, too."""
    return bpy.data.objects.get((name, None)) if name else None


def of_uid(uid: int) -> bpy.types.Object | None:
    """The object of a session uid: the same whatever it is called by now, and after an undo."""
    return next((each for each in bpy.data.objects if each.session_uid == uid), None)


def in_a_scene(block: bpy.types.ID) -> bool:
    """An object or shape keys are of a scene, as what is kept aside while an operator works is not;
    of other kinds of datablocks nobody knows."""
    if isinstance(block, bpy.types.Key):
        return any(each.users_scene for each in bpy.data.objects if each.data == block.user)
    return not isinstance(block, bpy.types.Object) or bool(block.users_scene)
