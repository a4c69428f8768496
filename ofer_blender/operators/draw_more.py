"""Drawing more heads: like the one shown, again, or with parts of the photo called hidden."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract import protocol, reconstruction
from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import (
    blend,
    gallery,
    head_arrays,
    head_object,
    head_photos,
    hypotheses,
    jobs,
    kept_folder,
    mask,
    reconstruct_request,
    through_photo,
)
from ..preferences import engine_settings
from .refusal import engine_missing, no_head, refuse, setting_up

_WAIT: Final = {
    "name": "Wait",
    "description": "Return when it is done: for scripts",
    "options": {"SKIP_SAVE"},
}


class _Drawing:
    """Asks the engine; the result arrives later, as an undo step of its own."""

    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context) or setting_up(cls):
            return False
        return not engine_missing(cls, engine_settings())


class OFER_OT_more_like_this(_Drawing, bpy.types.Operator):
    """Draw new heads near the one shown, or near the blend while it is shown"""

    bl_idname = "ofer.more_like_this"
    bl_label = "More Like This"

    strength: bpy.props.FloatProperty(
        name="Difference",
        description="0 is the same head again, 1 drawn afresh. Below 0: as the panel says",
        default=-1.0,
        max=1.0,
        options={"SKIP_SAVE"},
    )
    wait: bpy.props.BoolProperty(**_WAIT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        strength = head.ofer.likeness if self.strength < 0 else self.strength
        try:
            _ask_for_more(head, "More like this", strength)
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_again(_Drawing, bpy.types.Operator):
    """Draw more heads from what the photo told, with a new seed; the gallery keeps the old ones"""

    bl_idname = "ofer.again"
    bl_label = "Draw Again"

    wait: bpy.props.BoolProperty(**_WAIT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            _ask_for_more(hypotheses.active_head(context), "Drawing again", 1.0)
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_add_heads(bpy.types.Operator):
    """Add the heads that were drawn last in a reconstruction folder to the gallery of a head"""

    bl_idname = "ofer.add_heads"
    bl_label = "Add Heads"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    head: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            head = _existing(self.head)
            record = reconstruction.read(Path(self.directory))
            arrays = head_arrays.read(record)
            if arrays.identity_vertices.shape[1] != len(head.data.vertices):
                raise OferError(
                    ErrorCode.RECONSTRUCTION_DAMAGED,
                    f"The mesh of {head.name} was changed: new heads do not fit it.",
                    "Open the reconstruction again to see them.",
                )
        except OferError as error:
            return refuse(self, error)
        gallery.add_draw(head, record, arrays)
        return {"FINISHED"}


class OFER_OT_hidden_here(_Drawing, bpy.types.Operator):
    """Draw the head again, ignoring what is called hidden or was painted over in the photo. The \
head as it is now is hidden, not deleted"""

    bl_idname = "ofer.hidden_here"
    bl_label = "Draw Without It"

    wait: bpy.props.BoolProperty(**_WAIT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head, settings = hypotheses.active_head(context), context.scene.ofer
        try:
            photos = head_photos.find(head, settings)
            painted = mask.write(head, photo_image(photos[0].entry))
        except OferError as error:
            return refuse(self, error)
        hidden = tuple(sorted(head.ofer.hidden_here))
        if not (hidden or painted):
            self.report({"ERROR"}, "Say what is hidden first: choose a part, or paint over it.")
            return {"CANCELLED"}
        faces = [reconstruct_request.photo_face(each.entry, each.source) for each in photos]
        faces[0] = dataclasses.replace(
            faces[0], hidden=hidden, mask=str(painted.path) if painted else ""
        )
        sources = (*(each.source for each in photos), *((painted,) if painted else ()))
        engine, name = engine_settings(), head.name
        asked = reconstruct_request.request(
            settings, tuple(faces), photos[0].source.name, engine.reconstructions
        )

        def deliver(folder: Path) -> None:
            jobs.insert(bpy.ops.ofer.replace_head, directory=str(folder), head=name)

        try:
            jobs.desk.ask(
                engine, "Drawing without it", asked, deliver, sources, subject=name, in_line=True
            )
        except OferError as error:
            return refuse(self, error)
        return jobs.follow(self, self.wait)


class OFER_OT_replace_head(bpy.types.Operator):
    """Put the head of a reconstruction folder in the place of another, which is hidden"""

    bl_idname = "ofer.replace_head"
    bl_label = "Replace Head"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    head: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            old = _existing(self.head)
            record = reconstruction.read(Path(self.directory))
            new = head_object.build(record, head_arrays.read(record))
        except OferError as error:
            return refuse(self, error)
        for collection in old.users_collection:
            collection.objects.link(new)
        new.matrix_world = old.matrix_world
        new.ofer.hidden_here = old.ofer.hidden_here
        if old.name in context.view_layer.objects:
            old.hide_set(True)
        for other in context.selected_objects:
            other.select_set(False)
        if new.name in context.view_layer.objects:
            new.select_set(True)
            context.view_layer.objects.active = new
        return {"FINISHED"}


class OFER_OT_paint_hidden(bpy.types.Operator):
    """Paint over what hides the face, on a copy of the photo, in any colour; then press Draw \
Without It"""

    bl_idname = "ofer.paint_hidden"
    bl_label = "Paint Over It"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        try:
            copy = mask.begin(head, photo_image(head_photos.main(head, context.scene.ofer)))
        except OferError as error:
            return refuse(self, error)
        if not bpy.app.background:
            _open_painting(context, copy)
        return {"FINISHED"}


class OFER_OT_forget_paint(bpy.types.Operator):
    """Throw away what was painted over the photo"""

    bl_idname = "ofer.forget_paint"
    bl_label = "Forget the Paint"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if hypotheses.active_head(context).ofer.mask is None:
            cls.poll_message_set("Nothing was painted over the photo of this head")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        mask.end(hypotheses.active_head(context))
        return {"FINISHED"}


def rows_of(head: bpy.types.Object, name: str) -> dict[int, float]:
    """A head of the gallery as weights of its reconstruction's candidates."""
    item = head.ofer.identities[name]
    if item.candidate >= 0:
        return {item.candidate: 1.0}
    return {share.row: share.weight for share in item.shares}


def shown(head: bpy.types.Object) -> dict[int, float]:
    """What the viewport shows, as weights of candidates."""
    if blend.is_shown(head):
        parts = blend.shares(head)
    else:
        parts = {hypotheses.chosen_identity(head): 1.0}
    rows: dict[int, float] = {}
    for name, share in parts.items():
        for row, weight in rows_of(head, name).items():
            rows[row] = rows.get(row, 0.0) + share * weight
    return rows


def _ask_for_more(head: bpy.types.Object, title: str, strength: float) -> None:
    """Ask for new heads and add them to the gallery when they come. Raises OferError."""
    folder, name = kept_folder.ensure(head), head.name
    record = reconstruction.read(folder)
    rows = shown(head)
    asked = protocol.MoreLikeThis(
        id=0,  # the desk numbers its requests
        folder=str(folder),
        out=str(folder.parent),
        name=folder.name.removesuffix(reconstruction.SUFFIX),
        rows=tuple(rows),
        weights=tuple(rows.values()),
        strength=strength,
        identities=head.ofer.drawn,
        keep=min(head.ofer.keep, head.ofer.drawn),
        seed=record.settings.seed + len(record.additions) + 1,
    )

    def deliver(result: Path) -> None:
        jobs.insert(bpy.ops.ofer.add_heads, directory=str(result), head=name)

    jobs.desk.ask(engine_settings(), title, asked, deliver, subject=name, in_line=True)


def _existing(name: str) -> bpy.types.Object:
    head = bpy.data.objects.get(name)
    if head is None or not head.ofer.is_head or not head.data.shape_keys:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            f"The head {name!r} is gone.",
            "Open the reconstruction again to see the new heads.",
        )
    return head


def photo_image(photo: bpy.types.PropertyGroup) -> bpy.types.Image:
    """The picture of a photo of the panel. Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE)."""
    if photo.source == "IMAGE" and photo.image:
        return photo.image
    return through_photo.load(Path(bpy.path.abspath(photo.filepath)))


def _open_painting(context: bpy.types.Context, image: bpy.types.Image) -> None:
    """A window of its own with the picture, ready to be painted on."""
    bpy.ops.wm.window_new()
    area = context.window_manager.windows[-1].screen.areas[0]
    area.type = "IMAGE_EDITOR"
    space = area.spaces.active
    space.image, space.ui_mode = image, "PAINT"


CLASSES: Final = (
    OFER_OT_more_like_this,
    OFER_OT_again,
    OFER_OT_add_heads,
    OFER_OT_hidden_here,
    OFER_OT_replace_head,
    OFER_OT_paint_hidden,
    OFER_OT_forget_paint,
)
