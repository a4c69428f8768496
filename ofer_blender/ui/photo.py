"""Panel Photo: choose a picture and a face, reconstruct."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.protocol import PhotoOpened
from .. import jobs, photo_source
from ..preferences import engine_settings
from .tab import Tab, draw_job, say


class OFER_PT_photo(Tab, bpy.types.Panel):
    bl_label = "Photo"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = context.scene.ofer
        layout.row().prop(settings, "source", expand=True)
        if settings.source == "FILE":
            chosen = bpy.path.basename(settings.photo)
            layout.operator("ofer.choose_photo", text=chosen or "Choose Photo…", icon="FILE_IMAGE")
        else:
            layout.template_ID(settings, "image", open="image.open")
        opened = jobs.desk.opened(photo_source.key(settings))
        _draw_faces(layout, settings, opened)
        if not engine_settings().installed and jobs.desk.job is None:
            layout.operator("ofer.set_up_engine", icon="IMPORT")
        else:
            button = layout.row()
            button.scale_y = 1.5
            button.operator("ofer.reconstruct", icon="USER")
        draw_job(layout)


class OFER_PT_options(Tab, bpy.types.Panel):
    bl_label = "Options"
    bl_parent_id = "OFER_PT_photo"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.ofer
        for name in ("pack", "identities", "keep", "expressions", "seed", "use_box"):
            layout.prop(settings, name)
        if settings.use_box:
            layout.prop(settings, "box")
        layout.operator("ofer.insert_head", text="Open Reconstruction…", icon="FILE_FOLDER")


def _draw_faces(
    layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, opened: PhotoOpened | None
) -> None:
    """The faces found, to choose one; one good face needs no choice."""
    if settings.use_box:
        say(layout, "The face is placed by hand (see Options).", "CON_FOLLOWTRACK")
        return
    if opened is None:
        layout.operator("ofer.find_faces", icon="VIEWZOOM")
        return
    if not opened.faces:
        layout.operator("ofer.place_face", icon="CON_FOLLOWTRACK")
        return
    column = layout.column(align=True)
    for index, face in enumerate(opened.faces):
        x, y, width, height = face.box
        text = f"Face {index + 1} · {face.confidence:.0%} · {width:.0f} × {height:.0f} px"
        text += f" at {x:.0f}, {y:.0f}"
        icon = "ERROR" if face.low_confidence else "USER"
        chosen = index == settings.face
        column.operator("ofer.choose_face", text=text, icon=icon, depress=chosen).index = index
    if opened.faces[min(settings.face, len(opened.faces) - 1)].low_confidence:
        say(layout, "Low confidence: check the result, or place the face by hand.", "ERROR")
        layout.operator("ofer.place_face", icon="CON_FOLLOWTRACK")


CLASSES = (OFER_PT_photo, OFER_PT_options)
