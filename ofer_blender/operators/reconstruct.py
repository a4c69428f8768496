"""Reconstructing faces, one or many, and stopping it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract import protocol, reconstruction
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import presentation
from ..photo import head_photos, panel_photo, photo_source
from ..photo.reconstruct_request import photo_face, request
from ..translations import CONTEXT, tr
from ..ui import view
from . import first_skin
from .dropped import PHOTO_GLOB
from .refusal import engine_missing, setting_up
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
        if self.filepath:
            sources = (photo_source.from_file(self.filepath),)
            faces = (protocol.PhotoFace(str(sources[0].path), self.face),)
        else:
            panel_photo.follow(context)
            sources = photo_source.chosen(settings)
            pairs = zip(settings.photos, sources, strict=True)
            faces = tuple(photo_face(photo, source) for photo, source in pairs)
        _ask(context, faces, sources)
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
        if not self.files:
            raise photo_source.none_chosen()
        sources = [
            photo_source.from_file(str(Path(self.directory) / each.name)) for each in self.files
        ]
        for source in sources:
            face = protocol.PhotoFace(str(source.path))
            _ask(context, (face,), (source,))
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


def _ask(
    context: bpy.types.Context,
    faces: tuple[protocol.PhotoFace, ...],
    sources: tuple[PhotoSource, ...],
) -> None:
    """Ask for a head, and for what shows it at its best: the clay comes first."""
    engine, settings = engine_settings(), context.scene.ofer
    seen_from = view.place(context)
    asked = request(settings, faces, sources[0].name, engine.reconstructions)
    name = sources[0].name

    def deliver(folder: Path) -> None:
        record = reconstruction.read(folder)
        for photographed, source in zip(record.views, sources, strict=False):
            head_photos.remember(photographed.photo.sha256, source)
        there = {each.session_uid for each in bpy.data.objects}
        jobs.insert(
            bpy.ops.ofer.insert_head, directory=str(folder), present=True, seen_from=seen_from
        )
        if presentation.preferred().skin:
            made = [each for each in bpy.data.objects if each.session_uid not in there]
            head = next(each for each in made if each.ofer.is_head)
            first_skin.ask(head, head.users_scene[0].ofer, folder)

    jobs.queue.ask(engine, "Reconstructing", asked, deliver, sources, subject=name, in_line=True)


CLASSES = (OFER_OT_reconstruct, OFER_OT_reconstruct_each, OFER_OT_cancel, OFER_OT_skip)
