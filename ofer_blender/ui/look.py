"""Panels Look and More Heads: other ways to see the heads, and how to get others."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.certainty import Grade, PartCertainty
from ...ofer_engine.contract.hint_places import HINTS
from ...ofer_engine.geometry.pins import IMPROBABLE
from ..head import certainty, comparison, hypotheses
from ..photo import through_photo
from ..translations import tr
from . import view
from .tab import HeadTab, draw_hints, say


class OFER_PT_look(HeadTab, bpy.types.Panel):
    bl_label = "Look"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        _draw_compare(layout, context, head)
        shown = through_photo.is_on(context.scene, head)
        text = "Leave the Photo" if shown else "Through the Photo"
        row = layout.row(align=True)
        row.operator("ofer.through_photo", text=text, icon="VIEW_CAMERA", depress=shown)
        if camera := head.ofer.camera:
            icon = "HIDE_ON" if camera.hide_viewport else "HIDE_OFF"
            row.prop(camera, "hide_viewport", text="", icon=icon)
        if shown and (picture := through_photo.picture(head)):
            layout.prop(picture, "alpha", text="Opacity of the Photo", slider=True)
        if shown or head.ofer.pins:
            _draw_pins(layout, head)
        beside = head.ofer.photo_beside is not None
        layout.operator("ofer.photo_beside", icon="IMAGE_PLANE", depress=beside)
        _draw_certainty(layout, context, head)


class OFER_PT_hints(HeadTab, bpy.types.Panel):
    """What is told of the person of a head, which follows at once."""

    bl_label = "About the Person"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = hypotheses.active_head(context)
        return bool(head and head.ofer.takes_hints)

    def draw(self, context: bpy.types.Context) -> None:
        settings = hypotheses.active_head(context).ofer.hints
        draw_hints(self.layout, settings, HINTS)
        say(self.layout, "The head follows at once. Draw Again draws new heads with this.", "INFO")


class OFER_PT_more(HeadTab, bpy.types.Panel):
    bl_label = "More Heads"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = hypotheses.active_head(context).ofer
        column = layout.column(align=True)
        column.prop(settings, "likeness", slider=True)
        column.operator("ofer.more_like_this", icon="DUPLICATE")
        row = layout.row(align=True)
        row.prop(settings, "drawn")
        row.prop(settings, "keep")
        layout.operator("ofer.again", icon="FILE_REFRESH")
        if settings.pins:
            say(layout, "New heads are drawn under the pins.", "PINNED")


class OFER_PT_hidden(HeadTab, bpy.types.Panel):
    bl_label = "Hidden Here"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 5

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = hypotheses.active_head(context).ofer
        say(layout, "What does the photo not show of the face?")
        layout.grid_flow(columns=3, even_columns=True, align=True).prop(settings, "hidden_here")
        row = layout.row(align=True)
        row.operator("ofer.paint_hidden", icon="BRUSH_DATA", depress=settings.mask is not None)
        if settings.mask:
            row.operator("ofer.forget_paint", text="", icon="X")
        if settings.mask:
            say(layout, "Painted? Press Draw Without It next.", "INFO")
        layout.operator("ofer.hidden_here", icon="FILE_REFRESH")


def _draw_certainty(
    layout: bpy.types.UILayout, context: bpy.types.Context, head: bpy.types.Object
) -> None:
    """What the photo decides: a button for each way of colouring it, and in words."""
    space = view.of(context)
    on = certainty.mode_of(head) if space and view.shows_colours(space) else None
    row = layout.row(align=True)
    for mode, text, icon in (
        (certainty.Colouring.GUESSED, "Seen / Guessed", "COLOR"),
        (certainty.Colouring.MILLIMETRES, "Millimetres", "DRIVER_DISTANCE"),
    ):
        row.operator("ofer.seen_guessed", text=text, icon=icon, depress=on == mode).mode = mode
    words = head.ofer.certainty
    if on == certainty.Colouring.MILLIMETRES:
        text = tr("Red: the heads drawn differ by {most} mm or more.")
        say(layout, text.format(most=f"{1000 * head.ofer.guessed_most:.1f}"))
    elif on:
        say(layout, "Blue: the photo decides. Red: a guess.")
        column = layout.column(align=True)
        for part in words.parts:
            column.label(text=_part_said(layout, head, part), icon="DOT", translate=False)
    if words.shown:
        text = tr("{shown} of the face is seen: ±{drawn} mm")
        label = text.format(shown=f"{words.shown:.0%}", drawn=f"{1000 * words.spread:.1f}")
        layout.label(text=label, icon="INFO", translate=False)


def _part_said(
    layout: bpy.types.UILayout, head: bpy.types.Object, part: bpy.types.PropertyGroup
) -> str:
    """How much the photo decides of a part, and how far apart the heads drawn are there."""
    grade = PartCertainty(part.name, part.told, part.spread).grade
    text = tr("{part}: guessed, ±{number} mm")
    if grade == Grade.DECIDED:
        text = tr("{part}: decided, ±{number} mm")
    elif grade == Grade.PARTLY:
        text = tr("{part}: partly decided, ±{number} mm")
    name = layout.enum_item_name(head.ofer, "part", part.name) or part.name
    return text.format(part=name, number=f"{1000 * part.spread:.1f}")


def _draw_pins(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """Setting pins, and each pin with how improbable it is."""
    column = layout.column(align=True)
    row = column.row(align=True)
    row.operator("ofer.drag_pins", icon="PINNED")
    row.prop(head.ofer, "landmarks", text="", icon="SNAP_ON" if head.ofer.landmarks else "SNAP_OFF")
    for pin in head.ofer.pins:
        row = column.row(align=True)
        bent = pin.deviations > IMPROBABLE
        text = tr("bent here ({number} sd)") if bent else tr("{number} sd from the heads drawn")
        label = text.format(number=f"{pin.deviations:.1f}")
        row.label(text=label, icon="ERROR" if bent else "DOT", translate=False)
        button = row.operator("ofer.release_pin", text="", icon="X")
        button.point, button.view = pin.point, pin.view
    if head.ofer.pins:
        column.operator("ofer.clear_pins", icon="UNPINNED")


def _draw_compare(
    layout: bpy.types.UILayout, context: bpy.types.Context, head: bpy.types.Object
) -> None:
    if not head.ofer.comparing:
        row = layout.row(align=True)
        for count in ("4", "9"):
            text = tr("Compare {count}").format(count=count)
            button = row.operator("ofer.compare", text=text, icon="MESH_GRID", translate=False)
            button.count, button.page = count, 0
        return
    box = layout.box()
    chosen = comparison.selected(context)
    item = head.ofer.identities.get(chosen)
    if item:
        text = tr("Selected: No. {rank}").format(rank=hypotheses.caption(item))
        box.label(text=text, translate=False)
    else:
        say(box, "Click one of the heads.")
    pick = box.row()
    pick.scale_y = 1.5
    pick.operator("ofer.pick_compared", icon="CHECKMARK").name = chosen
    row = box.row(align=True)
    button = row.operator("ofer.compare", text="Next", icon="TRIA_RIGHT")
    button.count, button.page = str(head.ofer.comparing), head.ofer.compare_page + 1
    row.operator("ofer.end_compare", icon="X")


CLASSES = (OFER_PT_look, OFER_PT_hints, OFER_PT_more, OFER_PT_hidden)
