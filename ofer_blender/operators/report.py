"""A report to paste, and the manual."""

from __future__ import annotations

import bpy

from ..engine import jobs, report
from ..translations import tr
from ..ui import manual_map


class OFER_OT_copy_report(bpy.types.Operator):
    """Copy versions, the failure and the end of the log to the clipboard, private names masked"""

    bl_idname = "ofer.copy_report"
    bl_label = "Copy Report"
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = report.text(jobs.queue.failure)
        self.report({"INFO"}, tr("The report is on the clipboard."))
        return {"FINISHED"}


class OFER_OT_open_manual(bpy.types.Operator):
    """Open the manual, which is on this computer"""

    bl_idname = "ofer.open_manual"
    bl_label = "Manual"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return bpy.ops.wm.url_open(url=manual_map.page(manual_map.START))


class OFER_OT_open_likeness(bpy.types.Operator):
    """Open the page that says how like a person the heads of this pack are, and how that was \
measured"""

    bl_idname = "ofer.open_likeness"
    bl_label = "How Like They Are"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return bpy.ops.wm.url_open(url=f"{manual_map.page(manual_map.LIKENESS)}#how-like-they-are")


CLASSES = (OFER_OT_copy_report, OFER_OT_open_manual, OFER_OT_open_likeness)
