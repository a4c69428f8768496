"""What goes into a file beside a head on a body: the meshes that the body's bones move, as they are
at rest, and the seam of the neck."""

from __future__ import annotations

import bpy

from ..rig import body
from .applied import rig_in_file
from .plan import Plan, file_name


def sources(head: bpy.types.Object, plan: Plan) -> list[bpy.types.Object]:
    """Those in the scene that the plan wants: meshes that are shown, other heads left out."""
    armature = rig_in_file(head, plan)
    if not plan.body or armature is None or armature != body.body_of(head):
        return []
    return [each for each in body.meshes_of(armature) if each.visible_get()]


def named(head: bpy.types.Object, plan: Plan) -> dict[str, bpy.types.Object]:
    """The same by what they are called in the file: as in the scene, but not as what is the head's
    there."""
    mine = file_name(head.name, plan)
    found: dict[str, bpy.types.Object] = {}
    for source in sources(head, plan):
        plain = name = file_name(source.name, plan)
        count = 1
        while name in found or name.startswith((f"{mine}_head", f"{mine}_LOD", f"{mine}_rig")):
            count += 1
            name = f"body{count}_{plain}"
        found[name] = source
    return found
