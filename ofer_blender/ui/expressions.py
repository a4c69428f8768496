"""Panel Expressions: a gallery of faces that the photo's person may make, to pick and to mix."""

from __future__ import annotations

import bpy

from ..head import hypotheses
from ..translations import tr
from . import pictures
from .tab import HeadTab, say

_KIND = "EXPRESSION"


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
        pictures.draw_large(layout, settings, "expression_choice", _KIND)
        name = hypotheses.chosen_expression(head)
        _draw_strengths(layout, head, name)
        _draw_gallery(layout, settings)
        _draw_origin(layout, head)


def _draw_gallery(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """The page of the gallery that the chosen expression is on."""
    places, chosen = range(len(settings.expressions)), settings.expression_index
    first = pictures.first_of_page(places, chosen)
    grid = pictures.grid(layout)
    for place in places[first : first + pictures.PAGE]:
        item = settings.expressions[place]
        neutral = item.name == hypotheses.NEUTRAL
        text = tr("Neutral") if neutral else str(item.rank)
        pin = "PINNED" if item.pinned else "NONE"
        pictures.draw_small(grid.column(align=True), item, text, pin, place == chosen)
    pictures.draw_pages(layout.row(align=True), _KIND, first, len(places))


def _draw_strengths(layout: bpy.types.UILayout, head: bpy.types.Object, chosen: str) -> None:
    """A slider, pin and bin for the chosen expression and for each that is pinned."""
    keys = head.data.shape_keys.key_blocks
    column = layout.column(align=True)
    for item in head.ofer.expressions:
        key = keys.get(item.name)
        if key and (item.pinned or item.name == chosen):
            row = column.row(align=True)
            text = tr("Expression {rank}").format(rank=item.rank)
            row.prop(key, "value", text=text, slider=True, translate=False)
            row.prop(item, "pinned", text="", icon="PINNED" if item.pinned else "UNPINNED")
            row.operator("ofer.remove_hypothesis", text="", icon="TRASH").name = item.name
    if not any(item.pinned for item in head.ofer.expressions):
        say(layout, "Pin an expression to keep it on while you try others.", "INFO")


def _draw_origin(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """Say when the expressions were computed for another head than the Basis."""
    if head.ofer.expressions_of != head.ofer.basis:
        text = tr("Computed for {former} and carried over to {basis}.")
        text = text.format(former=head.ofer.expressions_of, basis=head.ofer.basis)
        say(layout, text, "INFO")
        layout.operator("ofer.express", icon="FILE_REFRESH")


CLASSES = (OFER_PT_expressions,)
