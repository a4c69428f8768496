"""Choosing a head part by part."""

from __future__ import annotations

from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.face_parts import FACE_PARTS
from ..head import hypotheses, parts
from ..translations import CONTEXT, tr
from .look import head_in_view
from .refusal import OnHead, check_identity, no_head

_PART: Final = {
    "name": "Part",
    "description": "nose, mouth, eyes, brows, jaw, cheeks, forehead, ears or skull",
    "options": {"SKIP_SAVE"},
    "translation_context": CONTEXT,
}


class OFER_OT_take_part(OnHead, bpy.types.Operator):
    """Take a part from this head of the gallery, and keep it while others are shown"""

    bl_idname = "ofer.take_part"
    bl_label = "Take This Part"
    bl_options = {"REGISTER", "UNDO"}

    part: bpy.props.StringProperty(**_PART)
    name: bpy.props.StringProperty(
        name="Head",
        description="Its name, such as identity_03. Empty: the one shown",
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    follow: bpy.props.BoolProperty(
        name="The Rest Follows",
        description="Move the rest, too, as it varies with this part in the heads drawn",
        default=True,
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = head_in_view(context)
        name = self.name or hypotheses.chosen_identity(head)
        if self.part not in FACE_PARTS:
            raise OferError(ErrorCode.BAD_REQUEST, "There is no part {part}.", part=repr(self.part))
        check_identity(head, name)
        parts.take(head, self.part, name, self.follow)
        parts.show(head)
        return {"FINISHED"}


class _OnParts:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not hypotheses.active_head(context).ofer.parts:
            cls.poll_message_set(tr("No part was taken from another head"))
            return False
        return True


class OFER_OT_give_part_back(_OnParts, bpy.types.Operator):
    """Give the head shown its own part again"""

    bl_idname = "ofer.give_part_back"
    bl_label = "Give Back"
    bl_options = {"REGISTER", "UNDO"}

    part: bpy.props.StringProperty(**_PART)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = head_in_view(context)
        place = head.ofer.parts.find(self.part)
        if place < 0:
            raise OferError(ErrorCode.BAD_REQUEST, "There is no part {part}.", part=repr(self.part))
        head.ofer.parts.remove(place)
        parts.show(head)
        return {"FINISHED"}


CLASSES: Final = (OFER_OT_take_part, OFER_OT_give_part_back)
