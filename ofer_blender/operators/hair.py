"""Putting hair and brows on the active head, and taking them off again."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..hair import hair
from ..head import hypotheses
from ..translations import tr
from .refusal import OnHead, no_head


class OFER_OT_add_hair(OnHead, bpy.types.Operator):
    """Put the chosen hair and brows on the head. They are part of its mesh: they follow every \
shape key and bone, and are in every export"""

    bl_idname = "ofer.add_hair"
    bl_label = "Add Hair and Brows"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        chosen = head.ofer_hair
        for kind in hair.Kind:
            hair.wear(head, kind, getattr(chosen, kind), tuple(chosen.colour))
        return {"FINISHED"}


class OFER_OT_remove_hair(bpy.types.Operator):
    """Take hair and brows off the head: bald again"""

    bl_idname = "ofer.remove_hair"
    bl_label = "Remove Hair and Brows"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        head = hypotheses.active_head(context)
        if all(hair.worn(head, kind) == hair.NONE for kind in hair.Kind):
            cls.poll_message_set(tr("This head wears no hair or brows"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        if hair.is_all(head):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} is hair that was separated from its head: nothing would be left of it.",
                "Select the head, or delete this object.",
                name=head.name,
            )
        for kind in hair.Kind:
            hair.take_off(head, kind)
        return {"FINISHED"}


CLASSES = (OFER_OT_add_hair, OFER_OT_remove_hair)
