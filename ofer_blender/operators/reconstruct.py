"""Reconstructing a face, cancelling it, and inserting the finished head."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract import protocol, reconstruction
from ...ofer_engine.contract.errors import OferError
from .. import head_arrays, head_object, jobs, photo_source
from ..preferences import EngineSettings, engine_settings
from .refusal import busy, engine_missing, refuse

_LONGEST_NAME: Final = 40


class OFER_OT_reconstruct(bpy.types.Operator):
    """Turn the face of the photo into ranked heads with expressions, in the background"""

    bl_idname = "ofer.reconstruct"
    bl_label = "Reconstruct"
    bl_options = {"REGISTER"}  # inserting the result is the undo step

    filepath: bpy.props.StringProperty(
        name="Photo",
        description="Photo to reconstruct instead of the one chosen in the panel",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    face: bpy.props.IntProperty(
        name="Face", description="Which face of that photo", min=0, options={"SKIP_SAVE"}
    )
    wait: bpy.props.BoolProperty(
        name="Wait", description="Return when it is done: for scripts", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not busy(cls) and not engine_missing(cls, engine_settings())

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.ofer
        engine = engine_settings()
        try:
            if self.filepath:
                source = photo_source.from_file(self.filepath)
                face, box = self.face, ()
            else:
                source = photo_source.chosen(settings)
                face, box = settings.face, tuple(settings.box) if settings.use_box else ()
            photo = protocol.PhotoFace(str(source.path), face, tuple(map(float, box)))
            request = _request(settings, source.name, (photo,), engine)
            jobs.desk.ask(engine, "Reconstructing", request, insert, source)
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_cancel(bpy.types.Operator):
    """Stop what OFER is doing; nothing of it stays"""

    bl_idname = "ofer.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return (
            jobs.desk.job is not None
        )  # a shortcut must pass Esc on when there is nothing to stop

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.desk.cancel()
        return {"FINISHED"}


class OFER_OT_insert_head(bpy.types.Operator):
    """Make a head of a reconstruction folder (NAME.ofer)"""

    bl_idname = "ofer.insert_head"
    bl_label = "Insert Head"
    bl_options = {"REGISTER", "UNDO"}

    directory: bpy.props.StringProperty(
        name="Reconstruction", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode first")
        elif context.collection is None or not context.collection.is_editable:
            cls.poll_message_set("The active collection is linked: choose another one")
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            record = reconstruction.read(Path(bpy.path.abspath(self.directory)))
            arrays = head_arrays.read(record)
        except OferError as error:
            return refuse(self, error)
        head = head_object.build(record, arrays)
        context.collection.objects.link(head)
        head.location = context.scene.cursor.location
        for other in context.selected_objects:
            other.select_set(False)
        head.select_set(True)
        context.view_layer.objects.active = head
        return {"FINISHED"}


def insert(folder: Path) -> None:
    """Make a head of a finished reconstruction. Raises OferError."""
    jobs.insert(bpy.ops.ofer.insert_head, directory=str(folder))


def _request(
    settings: bpy.types.PropertyGroup,
    name: str,
    photos: tuple[protocol.PhotoFace, ...],
    engine: EngineSettings,
) -> protocol.Reconstruct:
    return protocol.Reconstruct(
        id=0,  # the desk numbers its requests
        photos=photos,
        out=str(engine.reconstructions),
        name=_free_name(engine.reconstructions, name),
        pack=settings.pack,
        identities=settings.identities,
        keep=min(settings.keep, settings.identities),
        expressions=settings.expressions,
        seed=settings.seed,
    )


def _free_name(folder: Path, photo: str) -> str:
    """A name that no reconstruction has yet: heads in other files still use those."""
    plain = re.sub(r"\W+", "_", photo).strip("_")[:_LONGEST_NAME] or "head"
    name, number = plain, 1
    while (folder / (name + reconstruction.SUFFIX)).exists():
        number += 1
        name = f"{plain}_{number:02d}"
    return name


CLASSES = (OFER_OT_reconstruct, OFER_OT_cancel, OFER_OT_insert_head)
