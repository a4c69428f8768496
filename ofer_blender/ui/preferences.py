"""Add-on preferences: where the engine lives and what it runs on."""

from __future__ import annotations

from typing import Final

import bpy

from ..engine.engine_settings import ADDON
from ..translations import CONTEXT
from .setup import draw_preferences

DEVICES: Final = (
    ("auto", "Automatic", "The graphics card if it can be used, else the processor"),
    ("cpu", "Processor", "Works everywhere"),
    ("cuda", "NVIDIA or AMD", "CUDA, or ROCm on AMD cards"),
    ("mps", "Apple", "The graphics cores of an Apple processor"),
)


class OFER_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

    home: bpy.props.StringProperty(
        name="Folder",
        description="Where the engine and reconstructions are kept. Empty: your user data folder",
        subtype="DIR_PATH",
    )
    python: bpy.props.StringProperty(
        name="Engine Python",
        description="Only needed for an engine environment of your own. Empty: the one in the "
        "folder",
        subtype="FILE_PATH",
    )
    device: bpy.props.EnumProperty(
        name="Device",
        description="What the engine computes on",
        items=DEVICES,
        default="auto",
        translation_context=CONTEXT,
    )
    idle_minutes: bpy.props.IntProperty(
        name="End When Idle",
        description="Minutes without work after which the engine ends and gives its memory back; "
        "it starts again by itself. 0 keeps it",
        default=10,
        min=0,
        max=600,
    )

    show_skin: bpy.props.BoolProperty(
        name="Skin from the Photo",
        description="Paint the head from its photo; the gallery's pictures wear it, too",
        default=True,
    )
    show_expression: bpy.props.BoolProperty(
        name="The Photo's Expression",
        description="Show the most likely expression of the photo, with its gaze",
        default=True,
    )
    show_smooth: bpy.props.BoolProperty(
        name="Smooth in the Viewport",
        description="Subdivide the head in the viewport; files and renders get its own mesh",
        default=True,
    )
    show_photo: bpy.props.BoolProperty(
        name="Photo Beside",
        description="Put the photo beside the head, to compare them",
        default=True,
    )
    show_front: bpy.props.BoolProperty(
        name="Look from the Front",
        description="Turn the view to the front of a new head, unless you moved it meanwhile",
        default=True,
    )

    def draw(self, context: bpy.types.Context) -> None:
        draw_preferences(self, self.layout)


CLASSES = (OFER_AP_preferences,)
