"""Panel Expressions: a gallery of faces that the photo's person may make, to pick and to mix."""

from __future__ import annotations

import bpy

from .. import hypotheses, previews
from ..translations import tr
from .tab import HeadTab, say

_LARGE, _SMALL = 7.0, 2.5


class OFER_UL_expressions(bpy.types.UIList):
    """One line per expression: thumbnail, name, and a pin that keeps it on."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: bpy.types.AnyType,
        item: bpy.types.PropertyGroup,
        icon: int,
        active_data: bpy.types.AnyType,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        head = data.id_data
        row = layout.row(align=True)
        row.template_icon(icon_value=previews.icon(item), scale=_SMALL)
        missing = not hypotheses.key_exists(head, item.name)
        row.label(text=item.name, icon="ERROR" if missing else "NONE")
        if item.name != hypotheses.NEUTRAL:
            pin = "PINNED" if item.pinned else "UNPINNED"
            row.prop(item, "pinned", text="", icon=pin, emboss=False)


class OFER_PT_expressions(HeadTab, bpy.types.Panel):
    bl_label = "Expressions"
    bl_order = 20

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        settings = head.ofer
        if len(settings.expressions) <= 1:
            say(layout, "No expressions were drawn for this head.", "INFO")
            return
        row = layout.row(align=True)
        _step(row, -1, "TRIA_LEFT")
        row.template_icon_view(
            settings, "expression_choice", show_labels=True, scale=_LARGE, scale_popup=5.0
        )
        _step(row, 1, "TRIA_RIGHT")
        row = layout.row()
        row.template_list(
            "OFER_UL_expressions", "", settings, "expressions", settings, "expression_index", rows=4
        )
        name = hypotheses.chosen_expression(head)
        row.operator("ofer.remove_hypothesis", text="", icon="TRASH").name = name
        _draw_strengths(layout, head, name)
        _draw_origin(layout, head)


def _draw_strengths(layout: bpy.types.UILayout, head: bpy.types.Object, chosen: str) -> None:
    """A slider for the chosen expression and for each that is pinned."""
    keys = head.data.shape_keys.key_blocks
    column = layout.column(align=True)
    for item in head.ofer.expressions:
        key = keys.get(item.name)
        if key and (item.pinned or item.name == chosen):
            row = column.row(align=True)
            row.prop(key, "value", text=item.name, slider=True)
            row.prop(item, "pinned", text="", icon="PINNED" if item.pinned else "UNPINNED")
    if chosen != hypotheses.NEUTRAL:
        say(layout, "Pin an expression to keep it on while you try others.", "INFO")


def _draw_origin(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """Say when the expressions were computed for another head than the Basis."""
    if head.ofer.expressions_of != head.ofer.basis:
        text = tr("Computed for {former} and carried over to {basis}.")
        text = text.format(former=head.ofer.expressions_of, basis=head.ofer.basis)
        say(layout, text, "INFO")
        layout.operator("ofer.express", icon="FILE_REFRESH")


def _step(layout: bpy.types.UILayout, steps: int, icon: str) -> None:
    column = layout.column(align=True)
    column.scale_y = _LARGE
    button = column.operator("ofer.step", text="", icon=icon)
    button.kind, button.steps = "EXPRESSION", steps


CLASSES = (OFER_UL_expressions, OFER_PT_expressions)
