"""Panel Expressions: a gallery of faces that the photo's person may make, to pick and to mix."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract import expression_words
from ..head import hypotheses
from ..translations import tr
from . import pictures
from .tab import HeadTab, say

_KIND = "EXPRESSION"


class OFER_PT_expressions(HeadTab, bpy.types.Panel):
    bl_label = "Expressions"
    bl_order = 20
    bl_options = {"DEFAULT_CLOSED"}

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
        _draw_gallery(layout, head)
        _draw_origin(layout, head)


def _draw_gallery(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """The page of the gallery that the chosen expression is on; what is alike is there once."""
    settings = head.ofer
    chosen = settings.expression_index
    places = hypotheses.listed_expressions(head)
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
            row.prop(key, "value", text=_name(layout, item), slider=True, translate=False)
            row.prop(item, "pinned", text="", icon="PINNED" if item.pinned else "UNPINNED")
            row.operator("ofer.remove_hypothesis", text="", icon="TRASH").name = item.name
    if not any(item.pinned for item in head.ofer.expressions):
        say(layout, "Pin an expression to keep it on while you try others.", "INFO")


def _name(layout: bpy.types.UILayout, item: bpy.types.PropertyGroup) -> str:
    """What moves most in an expression, and on which side; its number where nothing is known."""
    if item.feature == expression_words.CALM:
        return tr("Expression {rank}").format(rank=item.rank)
    named = layout.enum_item_name(item, "feature", item.feature)
    if item.side != "BOTH":
        side = layout.enum_item_name(item, "side", item.side)
        named = tr("{expression}, {side}").format(expression=named, side=side)
    if item.second == expression_words.CALM:
        return named
    second = layout.enum_item_name(item, "second", item.second)
    return tr("{expression} and {second}").format(expression=named, second=second)


def _draw_origin(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """Say when the expressions were computed for another head than the Basis."""
    if head.ofer.expressions_of != head.ofer.basis:
        text = tr("Computed for {former} and carried over to {basis}.")
        text = text.format(former=head.ofer.expressions_of, basis=head.ofer.basis)
        say(layout, text, "INFO")
        layout.operator("ofer.express", icon="FILE_REFRESH")


CLASSES = (OFER_PT_expressions,)
