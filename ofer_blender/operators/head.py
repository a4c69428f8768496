"""Showing, choosing and removing the hypotheses of the active head."""

from __future__ import annotations

import bpy

from .. import hypotheses
from .refusal import no_head

_NAME = {
    "name": "Hypothesis",
    "description": "Its name, such as identity_03. Empty: the one chosen in the list",
    "options": {"SKIP_SAVE"},
}


class OFER_OT_show(bpy.types.Operator):
    """Show a hypothesis of the active head in the viewport"""

    bl_idname = "ofer.show"
    bl_label = "Show Hypothesis"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Hypothesis", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        for items, index in (
            (head.ofer.identities, "identity_index"),
            (head.ofer.expressions, "expression_index"),
        ):
            place = items.find(self.name)
            if place >= 0:
                setattr(head.ofer, index, place)  # which shows it
                return {"FINISHED"}
        self.report({"ERROR"}, f"{head.name} has no hypothesis {self.name!r}.")
        return {"CANCELLED"}


class OFER_OT_use_identity(bpy.types.Operator):
    """Make the chosen identity the Basis; the former Basis stays in the list"""

    bl_idname = "ofer.use_identity"
    bl_label = "Use This One"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(**_NAME)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        if hypotheses.is_basis(head, name):
            self.report({"INFO"}, f"{name} is the Basis already.")
            return {"CANCELLED"}
        if name not in head.ofer.identities or name not in head.data.shape_keys.key_blocks:
            self.report({"ERROR"}, f"{head.name} has no shape key {name!r} of an identity.")
            return {"CANCELLED"}
        hypotheses.use_identity(head, name)
        return {"FINISHED"}


class OFER_OT_remove_hypothesis(bpy.types.Operator):
    """Remove the hypothesis and its shape key"""

    bl_idname = "ofer.remove_hypothesis"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(**_NAME)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        if hypotheses.is_basis(head, name):
            self.report({"ERROR"}, f"{name} is the Basis of {head.name}. Use another one first.")
            return {"CANCELLED"}
        if name not in head.ofer.identities and name not in head.ofer.expressions:
            self.report({"ERROR"}, f"{head.name} has no hypothesis {name!r}.")
            return {"CANCELLED"}
        hypotheses.remove(head, name)
        return {"FINISHED"}


CLASSES = (OFER_OT_show, OFER_OT_use_identity, OFER_OT_remove_hypothesis)
