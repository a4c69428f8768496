"""Calling parts of a photo hidden, by name or with paint, and drawing the head without them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import bpy
from mathutils import Matrix

from ...ofer_engine.client import reconstruction_reader
from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.protocol import PhotoFace, Reconstruct
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import head_frame, head_object, hypotheses, lookup
from ..photo import head_photos, mask, painting, panel_photo, reconstruct_request
from ..rig import succession
from ..translations import tr
from .draw_more import DrawingOperator
from .refusal import OnHead, existing, gone, no_head
from .waiting import WAIT


class OFER_OT_hidden_here(DrawingOperator, bpy.types.Operator):
    """Reconstruct the photo again without what is marked as hidden or painted over. The head as \
it is now is hidden, not deleted"""

    bl_idname = "ofer.hidden_here"
    bl_label = "Draw Without It"

    wait: bpy.props.BoolProperty(**WAIT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head, settings = hypotheses.active_head(context), context.scene.ofer
        photos = head_photos.find(head, settings)
        sources = [each.source for each in photos]
        try:
            painted = None
            if head.ofer.mask:  # else the engine alone need read the photo
                painted = mask.write(head, head_photos.image(sources[0]))
            if painted:
                sources.append(painted)
            hidden = tuple(sorted(head.ofer.hidden_here))
            if not (hidden or painted):
                raise OferError(
                    ErrorCode.BAD_REQUEST,
                    "Say what is hidden first: choose a part, or paint over it.",
                )
            asked = _request(settings, photos, hidden, painted)
        except BaseException:
            for source in sources:
                source.discard()
            raise
        engine, name, uid = engine_settings(), head.name, head.session_uid

        def deliver(folder: Path) -> None:
            if (old := lookup.of_uid(uid)) is None:
                raise gone(name)
            jobs.insert(bpy.ops.ofer.replace_head, directory=str(folder), head=old.name)

        title = "Drawing without it"
        jobs.queue.ask(engine, title, asked, deliver, tuple(sources), subject=name, in_line=True)
        return jobs.follow(self, self.wait)


def _request(
    settings: bpy.types.PropertyGroup,
    photos: tuple[head_photos.HeadPhoto, ...],
    hidden: tuple[str, ...],
    painted: PhotoSource | None,
) -> Reconstruct:
    """The head's own faces in its own photos; the main one without what is hidden."""
    faces = []
    for each in photos:
        face, box = panel_photo.face_of(each.view, each.source)
        faces.append(PhotoFace(str(each.source.path), face, box))
    faces[0] = dataclasses.replace(
        faces[0], hidden=hidden, mask=str(painted.path) if painted else ""
    )
    name, place = photos[0].source.name, engine_settings().reconstructions
    return reconstruct_request.request(settings, tuple(faces), name, place)


class OFER_OT_replace_head(bpy.types.Operator):
    """Put the head of a reconstruction folder in the place of another, which is hidden"""

    bl_idname = "ofer.replace_head"
    bl_label = "Replace Head"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    head: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        old = existing(self.head)
        new = head_object.build(reconstruction_reader.take(Path(self.directory)))
        succession.succeed(old, new, _placement(old))
        if old.name in context.view_layer.objects:
            old.hide_set(True)
        for other in context.selected_objects:
            other.select_set(False)
        if new.name in context.view_layer.objects:
            new.select_set(True)
            context.view_layer.objects.active = new
        return {"FINISHED"}


class OFER_OT_paint_hidden(OnHead, bpy.types.Operator):
    """Paint over what hides the face, on a copy of the photo, in any colour; then press Draw \
Without It"""

    bl_idname = "ofer.paint_hidden"
    bl_label = "Paint Over It"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        copy = mask.begin(head, head_photos.main(head, context.scene.ofer))
        if not bpy.app.background:
            painting.open_window(context, copy, head_photos.views(head)[0]["face"]["box"])
        return {"FINISHED"}


class OFER_OT_forget_paint(bpy.types.Operator):
    """Discard what was painted over the photo"""

    bl_idname = "ofer.forget_paint"
    bl_label = "Discard the Paint"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if hypotheses.active_head(context).ofer.mask is None:
            cls.poll_message_set(tr("Nothing was painted over the photo of this head"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        mask.end(hypotheses.active_head(context))
        return {"FINISHED"}


def _placement(head: bpy.types.Object) -> Matrix:
    """Where a head stands in its mesh: a new one is to stand there, too."""
    try:
        placed = head_frame.placement(head)
    except OferError:  # nobody knows: at its origin
        return Matrix()
    return Matrix.Translation(placed.offset) @ Matrix(placed.linear).to_4x4()


CLASSES: Final = (
    OFER_OT_hidden_here,
    OFER_OT_replace_head,
    OFER_OT_paint_hidden,
    OFER_OT_forget_paint,
)
