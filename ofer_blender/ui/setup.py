"""Panel Setup and the add-on preferences: is the engine ready, and where is it?"""

from __future__ import annotations

import bpy

from ..engine import jobs, packs
from ..engine.engine_settings import engine_settings, is_kept_offline
from ..translations import tr
from .tab import Tab, draw_job, say
from .weights import draw_weights


class OFER_PT_setup(Tab, bpy.types.Panel):
    bl_label = "Setup"
    bl_order = 50
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        _draw_state(layout)
        draw_set_up(layout)
        column = layout.column(align=True)
        column.operator("ofer.import_weights", text="Import Weights…", icon="PACKAGE")
        _draw_packs(layout)
        column = layout.column(align=True)
        column.operator("ofer.show_preferences", icon="PREFERENCES")
        column.operator("ofer.copy_report", icon="COPYDOWN")
        column.operator("ofer.open_log", icon="TEXT")
        column.operator("ofer.open_manual", icon="HELP")


def draw_preferences(preferences: bpy.types.AddonPreferences, layout: bpy.types.UILayout) -> None:
    """What Blender shows under Preferences › Add-ons › OFER Faces."""
    layout.use_property_split = True
    layout.prop(preferences, "home", placeholder=str(engine_settings().home))
    layout.prop(preferences, "python", placeholder=str(engine_settings().python))
    layout.prop(preferences, "device")
    layout.prop(preferences, "idle_minutes")
    _draw_state(layout)
    draw_set_up(layout)
    draw_weights(layout)
    draw_job(layout)


def draw_set_up(layout: bpy.types.UILayout) -> None:
    """The button that fetches the engine; and how to let it, where Blender may not go online."""
    if not engine_settings().installed:
        say(
            layout,
            "The download is about 1 GB, or several GB with support for a graphics card.",
            "BLANK1",
        )
        if is_kept_offline():
            say(
                layout,
                "Blender was started in offline mode: start it without --offline-mode.",
                "ERROR",
            )
        elif not bpy.app.online_access:
            say(layout, "Blender may not go online: allow it in the preferences first.", "ERROR")
            allow = layout.operator(
                "screen.userpref_show", text="Allow Online Access…", icon="INTERNET_OFFLINE"
            )
            allow.section = "SYSTEM"
    button = layout.row()
    button.scale_y = 1.5
    button.operator("ofer.set_up_engine", icon="IMPORT")


def _draw_state(layout: bpy.types.UILayout) -> None:
    if refusal := engine_settings().refusal:
        say(layout, refusal, "ERROR")
        return
    if not engine_settings().installed:
        say(layout, "The engine is missing: press Set Up Engine.", "ERROR")
        return
    client = jobs.queue.client
    ready = client.ready if client and client.usable else None
    if ready is None:
        say(layout, "The engine is ready.", "CHECKMARK")
        return
    label = tr("The engine is ready, running on {device}.").format(device=ready.device)
    say(layout, label, "CHECKMARK")


def _draw_packs(layout: bpy.types.UILayout) -> None:
    column = layout.column(align=True)
    column.label(text="Packs on this computer:")
    for pack in packs.installed().values():
        column.label(text=pack.title, icon="PACKAGE", translate=False)


CLASSES = (OFER_PT_setup,)
