"""Panel Hair and Brows: cards that the head wears."""

from __future__ import annotations

import bpy

from ..head import hypotheses
from .tab import HeadTab


class OFER_PT_hair(HeadTab, bpy.types.Panel):
    bl_label = "Hair and Brows"
    bl_order = 36
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = hypotheses.active_head(context).ofer_hair
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "hair")
        column.prop(settings, "brows")
        column.prop(settings, "colour")
        row = layout.row(align=True)
        row.operator("ofer.add_hair", icon="STRANDS")
        row.operator("ofer.remove_hair", text="", icon="TRASH")


CLASSES = (OFER_PT_hair,)
