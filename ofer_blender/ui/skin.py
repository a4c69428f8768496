"""Panel Skin: the head painted from its photo."""

from __future__ import annotations

import bpy

from ..head import hypotheses
from ..skin import skin
from .tab import HeadTab, say


class OFER_PT_skin(HeadTab, bpy.types.Panel):
    bl_label = "Skin"
    bl_order = 35
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        head = hypotheses.active_head(context)
        settings = head.ofer_skin
        button = layout.row()
        button.scale_y = 1.5
        button.operator("ofer.make_skin", icon="TEXTURE")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "resolution")
        column.prop(settings, "layout")
        column.prop(settings, "clean_shave")
        column.prop(settings, "paint_brows")
        column.prop(settings, "keep")
        painting = layout.row(align=True)
        painting.operator("ofer.paint_hidden", text="Paint Over What Hides It", icon="BRUSH_DATA")
        if head.ofer.mask:
            painting.operator("ofer.forget_paint", text="", icon="X")
        if image := skin.picture(head):
            row = layout.row(align=True)
            row.label(text=image.name, icon="IMAGE_DATA", translate=False)
            row.operator("ofer.remove_skin", text="", icon="TRASH")
        else:
            say(layout, "The photo's own light is taken out as far as can be told.", "INFO")


CLASSES = (OFER_PT_skin,)
