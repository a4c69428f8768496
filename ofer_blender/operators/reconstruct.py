"""Reconstructing faces, one or many, and stopping it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract import protocol, reconstruction
from ...ofer_engine.contract.errors import OferError
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..photo import head_photos, panel_photo, photo_source
from ..photo.reconstruct_request import photo_face, request
from ..translations import CONTEXT, tr
from .dropped import PHOTO_GLOB
from .refusal import engine_missing, refuse, setting_up
from .waiting import WAIT


class OFER_OT_reconstruct(bpy.types.Operator):
    """Turn the face of the photo into ranked heads with expressions, in the background"""

    bl_idname = "ofer.reconstruct"
    bl_label = "Reconstruct"
    bl_options = {"REGISTER"}  # inserting the result is the undo step

    filepath: bpy.props.StringProperty(
        name="Photo",
        description="Photo to reconstruct instead of those chosen in the panel",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    face: bpy.props.IntProperty(
        name="Face",
        description="Which face of that photo",
        min=0,
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not setting_up(cls) and not engine_missing(cls, engine_settings())

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.ofer
        try:
            if self.filepath:
                sources = (photo_source.from_file(self.filepath),)
                faces = (protocol.PhotoFace(str(sources[0].path), self.face),)
            else:
                panel_photo.follow(context)
                sources = photo_source.chosen(settings)
                pairs = zip(settings.photos, sources, strict=True)
                faces = tuple(photo_face(photo, source) for photo, source in pairs)
            _ask(settings, faces, sources)
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_reconstruct_each(bpy.types.Operator):
    """A head from each of several photos of different people, one after the other"""

    bl_idname = "ofer.reconstruct_each"
    bl_label = "Reconstruct Each"
    bl_options = {"REGISTER"}  # inserting each result is an undo step

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"}
    )
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=PHOTO_GLOB, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not setting_up(cls) and not engine_missing(cls, engine_settings())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.files:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            sources = [
                photo_source.from_file(str(Path(self.directory) / each.name)) for each in self.files
            ]
            for source in sources:
                face = protocol.PhotoFace(str(source.path))
                _ask(context.scene.ofer, (face,), (source,))
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_cancel(bpy.types.Operator):
    """Stop what OFER is doing and what waits in line; nothing of it stays"""

    bl_idname = "ofer.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        # A shortcut must pass Esc on when there is nothing to stop.
        return jobs.queue.job is not None or bool(jobs.queue.line)

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.queue.cancel()
        return {"FINISHED"}


class OFER_OT_skip(bpy.types.Operator):
    """Stop what OFER is doing now and go on with the next in line"""

    bl_idname = "ofer.skip"
    bl_label = "Skip This One"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if jobs.queue.line:
            return True
        cls.poll_message_set(tr("Nothing waits in line"))
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.queue.skip()
        return {"FINISHED"}


def insert(folder: Path) -> None:
    """Make a head of a finished reconstruction. Raises OferError."""
    jobs.insert(bpy.ops.ofer.insert_head, directory=str(folder))


def _ask(
    settings: bpy.types.PropertyGroup,
    faces: tuple[protocol.PhotoFace, ...],
    sources: tuple[PhotoSource, ...],
) -> None:
    engine = engine_settings()
    asked = request(settings, faces, sources[0].name, engine.reconstructions)
    name = sources[0].name

    def deliver(folder: Path) -> None:
        insert(folder)
        views = reconstruction.read(folder).views
        for view, source in zip(views, sources, strict=False):
            head_photos.remember(view.photo.sha256, source)

    jobs.queue.ask(engine, "Reconstructing", asked, deliver, sources, subject=name, in_line=True)


CLASSES = (OFER_OT_reconstruct, OFER_OT_reconstruct_each, OFER_OT_cancel, OFER_OT_skip)
