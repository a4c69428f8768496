"""Panel Hypotheses: the gallery of the active head, choosing from it, and blending."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.contract.reconstruction import THUMBNAILS
from .. import blend, hypotheses, jobs, previews
from ..desk import Job
from .tab import HeadTab, Tab, say

_LARGE, _SMALL = 7.0, 2.5
"""Sides of thumbnails, in heights of a button."""
_COLUMNS = 4


class OFER_UL_identities(bpy.types.UIList):
    """One line per head: thumbnail, rank, share of certainty, star and eye."""

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
        row.active = not item.hidden
        row.template_icon(icon_value=previews.icon(item), scale=_SMALL)
        column = row.column(align=True)
        missing = not hypotheses.key_exists(head, item.name)
        column.label(text=_title(head, item), icon="ERROR" if missing else "NONE")
        column.label(text=item.name)
        marks = row.row(align=True)
        star = "SOLO_ON" if item.favourite else "SOLO_OFF"
        marks.prop(item, "favourite", text="", icon=star, emboss=False)
        eye = "HIDE_ON" if item.hidden else "HIDE_OFF"
        marks.prop(item, "hidden", text="", icon=eye, emboss=False)

    def filter_items(
        self, context: bpy.types.Context, data: bpy.types.AnyType, name: str
    ) -> tuple[list[int], list[int]]:
        head, shown = data.id_data, self.bitflag_filter_item
        listed = (hypotheses.is_listed(head, item) for item in getattr(data, name))
        return [shown if each else 0 for each in listed], []

    def draw_filter(self, context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
        """The filters are the panel's own: they are the head's, not the list's."""


class OFER_PT_hypotheses(Tab, bpy.types.Panel):
    bl_label = "Hypotheses"
    bl_order = 10

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        job = jobs.desk.job
        return bool(job and job.arrived) or hypotheses.active_head(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        if jobs.desk.job and jobs.desk.job.arrived:
            _draw_arriving(layout, jobs.desk.job)
        if head := hypotheses.active_head(context):
            _draw_chosen(layout, head)
            _draw_list(layout, head)


class OFER_PT_blend(HeadTab, bpy.types.Panel):
    bl_label = "Blend"
    bl_parent_id = "OFER_PT_hypotheses"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        shares = blend.shares(head)
        column = layout.column(align=True)
        for part in head.ofer.blend:
            row = column.row(align=True)
            item = head.ofer.identities.get(part.name)
            if item:
                row.template_icon(icon_value=previews.icon(item), scale=_SMALL)
            text = f"{part.name} · {shares[part.name]:.0%}"
            row.prop(part, "weight", text=text, slider=True)
            row.operator("ofer.blend_drop", text="", icon="X").name = part.name
        name = hypotheses.chosen_identity(head)
        if name not in head.ofer.blend:
            layout.operator("ofer.blend_add", text=f"Add {name}", icon="ADD").name = name
        if len(head.ofer.blend) < 2:
            say(layout, "Add two or three heads, then mix them with the sliders.", "INFO")
            return
        if not blend.is_shown(head):
            layout.operator("ofer.show_blend", icon="HIDE_OFF")
        layout.operator("ofer.use_blend", icon="CHECKMARK")


def _draw_arriving(layout: bpy.types.UILayout, job: Job) -> None:
    """Pictures of the heads that the engine has made so far."""
    latest = job.arrived[-1]
    layout.label(text=f"{latest.number} of {latest.of} are there", icon="TIME")
    grid = layout.grid_flow(columns=_COLUMNS, even_columns=True, align=True)
    for each in job.arrived:
        if each.kind == "identity":
            cell = grid.column(align=True)
            picture = Path(each.folder) / THUMBNAILS / f"{each.name}.png"
            cell.template_icon(icon_value=previews.file_icon(picture, each.id), scale=4.0)
            cell.label(text=f"{each.rank} · {each.score:.1%}")


def _draw_chosen(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    """The chosen head, large; a click opens the whole gallery."""
    name = hypotheses.chosen_identity(head)
    item = head.ofer.identities.get(name)
    if item is None:
        say(layout, "No head is left in this gallery.", "INFO")
        return
    row = layout.row(align=True)
    back = row.column(align=True)
    back.scale_y = _LARGE
    _step(back, -1, "TRIA_LEFT")
    row.template_icon_view(
        head.ofer, "identity_choice", show_labels=True, scale=_LARGE, scale_popup=5.0
    )
    on = row.column(align=True)
    on.scale_y = _LARGE
    _step(on, 1, "TRIA_RIGHT")
    row = layout.row(align=True)
    row.label(text=_title(head, item))
    star = "SOLO_ON" if item.favourite else "SOLO_OFF"
    row.prop(item, "favourite", text="", icon=star)
    row.prop(item, "hidden", text="", icon="HIDE_ON" if item.hidden else "HIDE_OFF")
    row.operator("ofer.browse", text="", icon="ARROW_LEFTRIGHT")
    use = layout.row()
    use.scale_y = 1.5
    if hypotheses.is_basis(head, name):
        use.label(text="This one is the Basis", icon="CHECKMARK")
    else:
        use.operator("ofer.use_identity", icon="CHECKMARK").name = name


def _draw_list(layout: bpy.types.UILayout, head: bpy.types.Object) -> None:
    settings = head.ofer
    row = layout.row()
    row.template_list(
        "OFER_UL_identities", "", settings, "identities", settings, "identity_index", rows=5
    )
    tools = row.column(align=True)
    star = "SOLO_ON" if settings.favourites_only else "SOLO_OFF"
    tools.prop(settings, "favourites_only", text="", icon=star)
    tools.prop(settings, "show_hidden", text="", icon="HIDE_OFF")
    tools.separator()
    tools.operator("ofer.hide_others", text="", icon="RESTRICT_VIEW_ON")
    tools.operator("ofer.unhide_all", text="", icon="LOOP_BACK")
    tools.separator()
    name = hypotheses.chosen_identity(head)
    tools.operator("ofer.remove_hypothesis", text="", icon="TRASH").name = name


def _step(layout: bpy.types.UILayout, steps: int, icon: str) -> None:
    button = layout.operator("ofer.step", text="", icon=icon)
    button.kind, button.steps = "IDENTITY", steps


def _title(head: bpy.types.Object, item: bpy.types.PropertyGroup) -> str:
    rank = f"No. {item.rank} · {item.score:.1%}" if item.rank else "Your blend"
    return f"{rank} · Basis" if item.name == head.ofer.basis else rank


CLASSES = (OFER_UL_identities, OFER_PT_hypotheses, OFER_PT_blend)
