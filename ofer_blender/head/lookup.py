"""Finding a head again: by its name for scripts, by its session uid for work that takes a while."""

from __future__ import annotations

import bpy


def named(name: str) -> bpy.types.Object | None:
    """The object of this name in this file: one linked from another file may have the name, too."""
    return bpy.data.objects.get((name, None)) if name else None


def of_uid(uid: int) -> bpy.types.Object | None:
    """The object of a session uid: the same whatever it is called by now, and after an undo."""
    return next((each for each in bpy.data.objects if each.session_uid == uid), None)
