"""Panel Setup and the add-on preferences: is the engine ready, and where is it?"""

from __future__ import annotations

import bpy

from .. import jobs
from ..preferences import engine_settings
from .tab import Tab, draw_job, say


class OFER_PT_setup(Tab, bpy.types.Panel):
    bl_label = "Setup"
    bl_order = 50
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        _draw_state(layout)
        layout.operator("ofer.set_up_engine", icon="IMPORT")
        layout.operator("ofer.show_preferences", icon="PREFERENCES")


def draw_preferences(preferences: bpy.types.AddonPreferences, layout: bpy.types.UILayout) -> None:
    """What Blender shows under Preferences › Add-ons › OFER Faces."""
    layout.use_property_split = True
    layout.prop(preferences, "home", placeholder=str(engine_settings().home))
    layout.prop(preferences, "python", placeholder=str(engine_settings().python))
    layout.prop(preferences, "device")
    _draw_state(layout)
    layout.operator("ofer.set_up_engine", icon="IMPORT")
    draw_job(layout)


def _draw_state(layout: bpy.types.UILayout) -> None:
    if not engine_settings().installed:
        say(layout, "The engine is missing: press Set Up Engine.", "ERROR")
        return
    client = jobs.desk.client
    ready = client.ready if client and client.usable else None
    text = f"The engine is ready, running on {ready.device}." if ready else "The engine is ready."
    say(layout, text, "CHECKMARK")


CLASSES = (OFER_PT_setup,)
