"""What heads that were deleted leave behind is taken away once Blender's own undo step is made."""

from __future__ import annotations

import bpy

from ...ofer_engine.client import faults
from ..engine import jobs


def clean_up_soon() -> None:
    """Ask for it, after a change that left something behind. Without a window nobody calls back."""
    if not bpy.app.background and not bpy.app.timers.is_registered(clean_up):
        bpy.app.timers.register(clean_up, first_interval=0.0)


@faults.guarded()
def clean_up() -> float | None:
    """As the timer calls it: joins the undo step of the deletion."""
    if bpy.context.mode != "OBJECT":
        return jobs.INTERVAL
    jobs.insert(bpy.ops.ofer.remove_abandoned)
    return None


def ask_no_more() -> None:
    """As the add-on is turned off."""
    if bpy.app.timers.is_registered(clean_up):
        bpy.app.timers.unregister(clean_up)
