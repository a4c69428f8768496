"""Setting up the engine and looking at what it said."""

from __future__ import annotations

import bpy

from ..engine import jobs
from ..engine.engine_settings import ADDON, engine_settings, is_kept_offline
from ..translations import tr
from .refusal import busy
from .waiting import WAIT


class OFER_OT_set_up_engine(bpy.types.Operator):
    """Fetch what the engine needs into its folder; goes on where it was interrupted"""

    bl_idname = "ofer.set_up_engine"
    bl_label = "Set Up Engine"
    bl_options = {"REGISTER"}

    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if busy(cls, with_what_follows=True):
            return False
        if is_kept_offline():
            cls.poll_message_set(
                tr("Blender was started in offline mode: start it without --offline-mode.")
            )
            return False
        if not bpy.app.online_access:
            cls.poll_message_set(tr("Allow online access in Preferences › System first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.queue.set_up(engine_settings())
        return jobs.follow(self, self.wait)


class OFER_OT_open_log(bpy.types.Operator):
    """Open the engine's log in a text editor"""

    bl_idname = "ofer.open_log"
    bl_label = "Open the Log"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if engine_settings().log.is_file():
            return True
        cls.poll_message_set(tr("The engine has written no log yet"))
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        return bpy.ops.wm.path_open(filepath=str(engine_settings().log))


class OFER_OT_show_preferences(bpy.types.Operator):
    """Open the add-on's preferences"""

    bl_idname = "ofer.show_preferences"
    bl_label = "Preferences…"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return bpy.ops.preferences.addon_show(module=ADDON)


CLASSES = (OFER_OT_set_up_engine, OFER_OT_open_log, OFER_OT_show_preferences)
