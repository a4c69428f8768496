"""The skin that a new head gets by itself, after the clay was shown."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract import skin as contract
from ...ofer_engine.contract.errors import OferError
from .. import compat
from ..engine import jobs
from ..head import head_frame, lookup
from ..skin import plain_skin, skin
from . import pictures
from . import skin as make_skin
from .refusal import check_ready

_SKIP: Final = {"SKIP_SAVE"}


class OFER_OT_wear_first_skin(bpy.types.Operator):
    """Put the skin that was painted for a new head on it, as part of the step that made the head"""

    bl_idname = "ofer.wear_first_skin"
    bl_label = "Wear First Skin"
    bl_options = {"UNDO_GROUPED", "INTERNAL"}
    bl_undo_group = pictures.STEPS["insert"]

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options=_SKIP)
    head: bpy.props.StringProperty(options=_SKIP)

    def execute(self, context: bpy.types.Context) -> set[str]:
        compat.make_undo_ready()
        head = lookup.named(self.head)
        if head is None or not is_wanted(head):
            return {"CANCELLED"}
        check_ready(head)
        worn = contract.read(Path(self.directory))
        skin.wear(head, worn, skin.Keep.PACK, head_frame.polygons(head))
        make_skin.show_textures(context)
        return {"FINISHED"}


def ask(head: bpy.types.Object, settings: bpy.types.PropertyGroup, made: Path) -> None:
    """Have a new head painted, and then its gallery's pictures; what the artist did to its skin
    meanwhile stays.

    made : the folder that the head was made of.
    """
    name, uid = head.name, head.session_uid

    def deliver(result: Path) -> None:
        head = lookup.of_uid(uid)
        if head is None or not is_wanted(head):
            return
        jobs.insert(bpy.ops.ofer.wear_first_skin, directory=str(result), head=head.name)
        pictures.ask(head, "insert", result)

    try:
        make_skin.ask(head, *make_skin.sources(head, settings), deliver, made=made)
    except OferError as error:  # there is a head all the same
        jobs.queue.outcome.add_note(name, error.message)


def is_wanted(head: bpy.types.Object) -> bool:
    """It is one of our heads, in the skin that it came with."""
    return head.type == "MESH" and head.ofer.is_head and plain_skin.wears(head)


CLASSES: Final = (OFER_OT_wear_first_skin,)
