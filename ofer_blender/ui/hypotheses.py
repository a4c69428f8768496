"""Panel Hypotheses: the gallery of the active head, choosing from it, and blending."""

from __future__ import annotations

import bpy

from ...ofer_engine.client.job import Job
from ..engine import jobs
from ..head import blend, hypotheses, previews
from ..translations import tr
from . import pictures
from .tab import HeadTab, Tab, say

_KIND = "IDENTITY"
_JOINED = (
    "This mesh has a head's keys, but not its gallery. If you joined the head to it: undo that, and"
    " join with the head as the active object."
)


class OFER_PT_hypotheses(Tab, bpy.types.Panel):
    bl_label = "Hypotheses"
    bl_order = 10

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        job = jobs.queue.job
        here = hypotheses.active_head(context) or hypotheses.was_joined(context.object)
        return bool(job and job.arrived) or bool(here)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        if jobs.queue.job and jobs.queue.job.arrived:
            _draw_arriving(layout, jobs.queue.job)
        if head := hypotheses.active_head(context):
            _draw_chosen(layout, head)
            _draw_gallery(layout, head)
        elif hypotheses.was_joined(context.object):
            say(layout, _JOINED, "ERROR")


class OFER_PT_blend(HeadTab, bpy.types.Panel):
    bl_label = "Blend"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        column = layout.column(align=True)
        for part in head.ofer.blend:
            row = column.row(align=True)
            item = head.ofer.identities.get(part.name)
            if item:
                row.template_icon(icon_value=previews.icon(item), scale=pictures.SMALL)
            title = str(item.rank) if item and item.rank else part.name
            text = tr("Head {head}").format(head=title)
            row.prop(part, "weight", text=text, slider=True, translate=False)
            row.operator("ofer.blend_drop", text="", icon="X").name = part.name
        name = hypotheses.chosen_identity(head)
        if name not in head.ofer.blend:
            layout.operator("ofer.blend_add", icon="ADD").name = name
        if len(head.ofer.blend) < 2:
            say(layout, "Add two or three heads, then mix them with the sliders.", "INFO")
            return
        if not blend.is_shown(head):
            layout.operator("ofer.show_blend", icon="HIDE_OFF")
        layout.operator("ofer.use_blend", icon="CHECKMARK")


class OFER_PT_parts(HeadTab, bpy.types.Panel):
    bl_label = "Parts"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = hypotheses.active_head(context).ofer
        column = layout.column(align=True)
        column.prop(settings, "part", text="")
        column.prop(settings, "rest_follows")
        button = column.operator("ofer.take_part", icon="ADD")
        button.part, button.follow = settings.part, settings.rest_follows
        for taken in settings.parts:
            item = settings.identities.get(taken.identity)
            head = str(item.rank) if item and item.rank else taken.identity
            name = layout.enum_item_name(settings, "part", taken.name) or taken.name
            row = layout.row(align=True)
            text = tr("{part} of {head}").format(part=name, head=head)
            row.label(text=text, icon="LINKED" if taken.follows else "PASTEDOWN", translate=False)
            row.operator("ofer.give_part_back", text="", icon="X").part = taken.name
        if not settings.parts:
            say(layout, "Show a head, take a part from it, then show another.", "INFO")


def _draw_arriving(layout: bpy.types.UILayout, job: Job) -> None:
    """Pictures of the heads that the engine has made so far."""
    latest = job.arrived[-1]
    text = tr("{number} of {of} are there").format(number=latest.number, of=latest.of)
    layout.label(text=text, icon="TIME", translate=False)
    grid = pictures.grid(layout)
    for each in [each for each in job.arrived if each.kind == "identity"][-pictures.PAGE :]:
        cell = grid.column(align=True)
        side = pictures.across(pictures.COLUMNS, pictures.SMALL)
        cell.template_icon(icon_value=previews.arrived_icon(each), scale=side)
        cell.label(text=str(each.rank))


def _draw_chosen(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """The chosen head, large, and what to do with it."""
    name = hypotheses.chosen_identity(head)
    item = head.ofer.identities.get(name)
    if item is None:
        say(layout, "No head is left in this gallery.", "INFO")
        return
    pictures.draw_large(layout, head.ofer, "identity_choice", _KIND)
    row = layout.row(align=True)
    lost = not hypotheses.key_exists(head, name)
    row.label(text=_title(head, item), icon="ERROR" if lost else "NONE", translate=False)
    row.prop(item, "favourite", text="", icon="SOLO_ON" if item.favourite else "SOLO_OFF")
    row.prop(item, "hidden", text="", icon="HIDE_ON" if item.hidden else "HIDE_OFF")
    row.operator("ofer.remove_hypothesis", text="", icon="TRASH").name = name
    if head.ofer.comparing:
        return  # Pick This One comes first
    use = layout.row()
    use.scale_y = 1.5
    if hypotheses.is_basis(head, name):
        use.label(text="This one is the Basis", icon="CHECKMARK")
    else:
        use.operator("ofer.use_identity", icon="CHECKMARK").name = name


def _draw_gallery(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """The page of the gallery that the chosen head is on, and what is listed at all."""
    settings = head.ofer
    places = [n for n, i in enumerate(settings.identities) if hypotheses.is_listed(head, i)]
    first = pictures.first_of_page(places, settings.identity_index)
    grid = pictures.grid(layout)
    for place in places[first : first + pictures.PAGE]:
        item, cell = settings.identities[place], grid.column(align=True)
        cell.active = not item.hidden
        text = str(item.rank) if item.rank else tr("Blend")
        star = "SOLO_ON" if item.favourite else "NONE"
        pictures.draw_small(cell, item, text, star, place == settings.identity_index)
    row = layout.row(align=True)
    star = "SOLO_ON" if settings.favourites_only else "SOLO_OFF"
    row.prop(settings, "favourites_only", text="", icon=star)
    row.prop(settings, "show_hidden", text="", icon="GHOST_ENABLED")
    row.operator("ofer.hide_others", text="", icon="HIDE_ON")
    row.operator("ofer.unhide_all", text="", icon="LOOP_BACK")
    pictures.draw_pages(row, _KIND, first, len(places))
    row = layout.row(align=True)
    row.operator("ofer.browse", icon="ARROW_LEFTRIGHT")
    row.operator_menu_enum("ofer.sort_gallery", "by", icon="SORTSIZE")
    if any(item.clay_key for item in settings.identities):
        row.prop(settings, "in_clay", icon="SHADING_SOLID")
    if not hypotheses.is_basis(head, hypotheses.chosen_identity(head)):
        layout.prop(settings, "exaggeration", slider=True)


def _title(head: bpy.types.Object, item: bpy.types.PropertyGroup) -> str:
    """Its rank, and whether it is of the latest draw."""
    words = [tr("No. {rank}").format(rank=item.rank) if item.rank else tr("Your blend")]
    latest = max(each.draw for each in head.ofer.identities)
    if latest and item.draw == latest:
        words.append(tr("new"))
    return " · ".join(words)


CLASSES = (OFER_PT_hypotheses, OFER_PT_blend, OFER_PT_parts)
