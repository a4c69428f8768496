"""Panel Export: for which program, with what, and whether it is fit to go."""

from __future__ import annotations

from typing import Final

import bpy

from ..export.finding import Level
from ..export.presets import PRESETS, Target
from ..head import hypotheses
from ..motion.motion_sources import span_of
from ..rig import body
from ..translations import tr
from .tab import HeadTab, say

_ICONS: Final = {Level.GOOD: "CHECKMARK", Level.NOTE: "INFO", Level.FAULT: "ERROR"}


class OFER_PT_export(HeadTab, bpy.types.Panel):
    bl_label = "Export"
    bl_order = 40
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        settings = head.ofer_export
        preset = PRESETS[Target(settings.target)]
        column = layout.column()
        column.prop(settings, "target")
        if preset.keys:
            column.prop(settings, "keys")
        column.prop(settings, "bake")
        column.prop(settings, "apply_modifiers")
        column.prop(settings, "lods")
        column.prop(settings, "close_neck")
        if preset.rig and body.body_of(head):
            column.prop(settings, "body")
            if settings.target == Target.VRM:
                column.prop(settings, "author")
        column.prop(settings, "record")
        if preset.keys or preset.rig:
            _draw_animation(column, head)
        say(layout, preset.note, "INFO")
        button = layout.row()
        button.scale_y = 1.5
        button.operator("ofer.export_head", icon="EXPORT")
        layout.operator("ofer.check_export", icon="VIEWZOOM")
        for finding in settings.findings:
            say(layout, finding.text, _ICONS[Level(finding.level)])
            if finding.fix:
                layout.operator(finding.fix)


def _draw_animation(column: bpy.types.UILayout, head: bpy.types.Object) -> None:
    settings, span = head.ofer_export, span_of(head)
    row = column.row()
    row.enabled = span is not None
    if span is None:
        row.prop(settings, "animation", text=tr("Animation: nothing moves this head"))
        return
    row.prop(settings, "animation")
    if settings.animation:
        column.prop(settings, "frames")
        column.prop(settings, "rate")


CLASSES = (OFER_PT_export,)
