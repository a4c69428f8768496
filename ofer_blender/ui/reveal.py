"""Bringing our tab to the front of the viewport that the user works in."""

from __future__ import annotations

import contextlib
from typing import Final

import bpy

from ...ofer_engine.client import faults

NAME: Final = "OFER"
"""Of the tab in the sidebar."""
_SOON: Final = 0.05  # seconds: a sidebar just opened has its tabs only once it was drawn


def reveal(context: bpy.types.Context) -> None:
    """Open the sidebar of this viewport, or of all where the user is elsewhere, at our tab."""
    if bpy.app.background:
        return
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D" and context.area in (area, None):
            area.spaces.active.show_region_ui = True
    if not bpy.app.timers.is_registered(_bring_forward):
        bpy.app.timers.register(_bring_forward, first_interval=_SOON)


@faults.guarded(reported=False)
def _bring_forward() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI" and region.width > 1:
                    with contextlib.suppress(TypeError):  # no panel of it has been drawn yet
                        region.active_panel_category = NAME


def register() -> None:
    """Nothing is needed until the first photo comes."""


def unregister() -> None:
    if bpy.app.timers.is_registered(_bring_forward):
        bpy.app.timers.unregister(_bring_forward)
