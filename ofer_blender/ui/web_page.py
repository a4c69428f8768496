"""Panel Web Page, below Export: a folder to send to people who have no Blender."""

from __future__ import annotations

import bpy

from .tab import HeadTab, say


class OFER_PT_web_page(HeadTab, bpy.types.Panel):
    bl_label = "Web Page"
    bl_parent_id = "OFER_PT_export"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        say(layout, "A folder to send: it opens in any browser, without Blender.")
        layout.operator("ofer.export_web_page", icon="WORLD")


CLASSES = (OFER_PT_web_page,)
