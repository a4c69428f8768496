"""Choosing a photo and a face in it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.contract.errors import OferError
from .. import jobs, photo_source
from ..preferences import engine_settings
from .refusal import busy, engine_missing, refuse


class OFER_OT_choose_photo(bpy.types.Operator):
    """Choose a photo of a face on disk and look for faces in it"""

    bl_idname = "ofer.choose_photo"
    bl_label = "Choose Photo…"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not busy(cls)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not Path(bpy.path.abspath(self.filepath)).is_file():
            self.report({"ERROR"}, "There is no such photo. Choose a picture of a face.")
            return {"CANCELLED"}
        settings = context.scene.ofer
        settings.source, settings.photo = "FILE", self.filepath
        if not bpy.app.background and engine_settings().installed:
            bpy.ops.ofer.find_faces()
        return {"FINISHED"}


class OFER_OT_find_faces(bpy.types.Operator):
    """Look for faces in the photo, to choose one if there are several"""

    bl_idname = "ofer.find_faces"
    bl_label = "Find Faces"
    bl_options = {"REGISTER"}

    wait: bpy.props.BoolProperty(
        name="Wait", description="Return when it is done: for scripts", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if busy(cls) or engine_missing(cls, engine_settings()):
            return False
        return _photo_chosen(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            jobs.desk.open_photo(engine_settings(), photo_source.chosen(context.scene.ofer))
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_choose_face(bpy.types.Operator):
    """Reconstruct this one of the faces found"""

    bl_idname = "ofer.choose_face"
    bl_label = "Choose Face"
    bl_options = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty(name="Face", min=0)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not busy(cls)

    def execute(self, context: bpy.types.Context) -> set[str]:
        opened = jobs.desk.opened(photo_source.key(context.scene.ofer))
        if opened is None or self.index >= len(opened.faces):
            self.report({"ERROR"}, "There is no such face. Press Find Faces first.")
            return {"CANCELLED"}
        context.scene.ofer.face = self.index
        context.scene.ofer.use_box = False
        return {"FINISHED"}


class OFER_OT_place_face(bpy.types.Operator):
    """Say by hand where the face is, as a box in photo pixels"""

    bl_idname = "ofer.place_face"
    bl_label = "Place the Face by Hand"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _photo_chosen(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.ofer
        settings.use_box = True
        opened = jobs.desk.opened(photo_source.key(settings))
        if opened and not any(settings.box):
            width, height = opened.width, opened.height
            side = min(width, height) // 2
            settings.box = ((width - side) // 2, (height - side) // 2, side, side)
        return {"FINISHED"}


def _photo_chosen(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    if photo_source.key(context.scene.ofer):
        return True
    operator.poll_message_set("Choose a photo first")
    return False


CLASSES = (OFER_OT_choose_photo, OFER_OT_find_faces, OFER_OT_choose_face, OFER_OT_place_face)
