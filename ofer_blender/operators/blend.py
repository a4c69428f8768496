"""Blending two or three heads of the gallery, and making the blend the Basis."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sentence import Sentence
from ..head import blend, hypotheses
from ..translations import CONTEXT, tr, translate
from . import express
from .look import head_in_view
from .refusal import check_identity, no_head


class OFER_OT_blend_add(bpy.types.Operator):
    """Put the head shown into the blend, to mix it with one or two others"""

    bl_idname = "ofer.blend_add"
    bl_label = "Add to Blend"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(
        name="Head",
        description="Its name, such as identity_03. Empty: the one shown",
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if len(hypotheses.active_head(context).ofer.blend) >= blend.MOST:
            cls.poll_message_set(tr("Three heads are in the blend already: take one out first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        check_identity(head, name)
        if name in head.ofer.blend:
            self.report(
                {"INFO"},
                translate(Sentence("{name} is in the blend already. Show another one.", name=name)),
            )
            return {"CANCELLED"}
        blend.add(head_in_view(context), name)
        return {"FINISHED"}


class _BlendOperator:
    least = 1  # heads in the blend

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if len(hypotheses.active_head(context).ofer.blend) < cls.least:
            cls.poll_message_set(tr("Add two or three heads to the blend first"))
            return False
        return True


class OFER_OT_blend_drop(_BlendOperator, bpy.types.Operator):
    """Take this head out of the blend"""

    bl_idname = "ofer.blend_drop"
    bl_label = "Take Out of Blend"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Head", options={"SKIP_SAVE"}, translation_context=CONTEXT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        if self.name not in head.ofer.blend:
            raise OferError(
                ErrorCode.BAD_REQUEST, "{name} is not in the blend.", name=repr(self.name)
            )
        blend.drop(head, self.name)
        return {"FINISHED"}


class OFER_OT_show_blend(_BlendOperator, bpy.types.Operator):
    """Show the blend again after another head was looked at"""

    bl_idname = "ofer.show_blend"
    bl_label = "Show the Blend"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        blend.show(head_in_view(context))
        return {"FINISHED"}


class OFER_OT_use_blend(_BlendOperator, bpy.types.Operator):
    """Make the blend the Basis of the mesh and a head of the gallery; the former Basis stays"""

    bl_idname = "ofer.use_blend"
    bl_label = "Use the Blend"
    bl_options = {"REGISTER", "UNDO"}
    least = 2

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        if lost := [part.name for part in head.ofer.blend if _is_lost(head, part.name)]:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "The shape key {lost} was deleted: take it out first.",
                lost=repr(lost[0]),
            )
        name = blend.use(head_in_view(context))
        express.ask_if_awake(head, "use_blend")
        self.report({"INFO"}, translate(Sentence("{name} is the Basis now.", name=name)))
        return {"FINISHED"}


def _is_lost(head: bpy.types.Object, name: str) -> bool:
    return name not in head.ofer.identities or not hypotheses.key_exists(head, name)


CLASSES = (OFER_OT_blend_add, OFER_OT_blend_drop, OFER_OT_show_blend, OFER_OT_use_blend)
