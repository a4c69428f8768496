"""Painting the active head from its photo, and taking the paint off again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.client import handover
from ...ofer_engine.client.job import Deliver
from ...ofer_engine.client.photo_source import PhotoSource
from ...ofer_engine.contract import protocol
from ...ofer_engine.contract import skin as contract
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sentence import Sentence
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..head import head_frame, hypotheses, lookup, packed_reconstruction
from ..photo import head_photos, mask, photo_source
from ..skin import skin
from ..translations import tr, translate
from . import pictures
from .draw_more import DrawingOperator, shown
from .refusal import check_ready, no_head
from .waiting import WAIT

_SKIP: Final = {"SKIP_SAVE"}
_USUAL_LIGHT: Final = "Default"
_EVEN_LIGHT: Final = "paint.sl"
"""Of Blender's studio lights."""


class OFER_OT_make_skin(DrawingOperator, bpy.types.Operator):
    """Paint the head from its photo. What the photo hides is filled from the other side of the \
face and with plain skin; what you painted over (Hidden Here) is left out"""

    bl_idname = "ofer.make_skin"
    bl_label = "Make Skin from Photo"

    filepath: bpy.props.StringProperty(
        name="Photo",
        description="The photo that the head was made from, instead of the one in the panel",
        subtype="FILE_PATH",
        options=_SKIP,
    )
    unwanted: bpy.props.StringProperty(
        name="Unwanted",
        description="PNG over the texture, bright where nothing of the photo is wanted",
        subtype="FILE_PATH",
        options=_SKIP,
    )
    any_photo: bpy.props.BoolProperty(
        name="Another Photo Too",
        description="Paint from the photo of the panel that has the name of the head's own, also "
        "where its content is another",
        options=_SKIP,
    )
    wait: bpy.props.BoolProperty(**WAIT)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        head, settings = hypotheses.active_head(context), context.scene.ofer
        if not (self.filepath or self.any_photo) and head_photos.is_replaced(head, settings):
            self.any_photo = True  # if the user says so
            return context.window_manager.invoke_confirm(
                self, event, title=tr("Another Photo"), icon="WARNING",
                message=tr("This is not the photo that the head was made from. Paint from it?"),
            )  # fmt: skip
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        head_frame.polygons(head)  # what the skin would not fit is refused before the work
        photos, found = sources(head, context.scene.ofer, self.filepath, self.any_photo)
        keep, name, uid = head.ofer_skin.keep, head.name, head.session_uid

        def deliver(result: Path) -> None:
            if (head := lookup.of_uid(uid)) is None:
                raise _gone(name)
            jobs.insert(bpy.ops.ofer.wear_skin, directory=str(result), head=head.name, keep=keep)
            pictures.ask(head, "skin", result)

        ask(head, photos, found, deliver, self.unwanted)
        return jobs.follow(self, self.wait)


class OFER_OT_wear_skin(bpy.types.Operator):
    """Put a painted skin on a head"""

    bl_idname = "ofer.wear_skin"
    bl_label = "Wear Skin"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options=_SKIP)
    head: bpy.props.StringProperty(options=_SKIP)
    keep: bpy.props.EnumProperty(
        items=tuple((each, each, "") for each in map(str, skin.Keep)), options=_SKIP
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = lookup.named(self.head)
        if head is None or head.type != "MESH":
            raise _gone(self.head)
        check_ready(head)
        worn = contract.read(Path(self.directory))
        _say_what_stays(self, head)
        skin.wear(head, worn, skin.Keep(self.keep), head_frame.polygons(head))
        show_textures(context)
        return {"FINISHED"}


class OFER_OT_remove_skin(bpy.types.Operator):
    """Take the photo's skin off: plain skin again. The picture leaves this file"""

    bl_idname = "ofer.remove_skin"
    bl_label = "Remove Skin"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if skin.picture(hypotheses.active_head(context)) is None:
            cls.poll_message_set(tr("This head wears no skin from a photo"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        _say_what_stays(self, head)
        skin.take_off(head)
        pictures.ask_if_awake(head, "remove")
        return {"FINISHED"}


def ask(
    head: bpy.types.Object,
    photos: tuple[protocol.SkinPhoto, ...],
    found: tuple[PhotoSource, ...],
    deliver: Deliver,
    unwanted: str = "",
    made: Path | None = None,
) -> None:
    """Have the head that is shown painted, as its settings say.

    photos, found : from `sources`; deliver : takes the folder of the skin; unwanted : a picture's
    path, or empty; made : the folder that the head was just made of, whose job this one goes on
    with. Raises OferError.
    """
    try:
        folder = made or packed_reconstruction.ensure(head)
    except BaseException:
        for source in found:
            source.discard()
        raise
    settings, rows = head.ofer_skin, shown(head)
    place = handover.folder()
    asked = protocol.Texture(
        id=0,  # the queue numbers its requests
        folder=str(folder),
        photos=photos,
        out=str(place / contract.FOLDER),
        rows=tuple(rows),
        weights=tuple(rows.values()),
        resolution=int(settings.resolution),
        layout=settings.layout,
        unwanted=bpy.path.abspath(unwanted) if unwanted else "",
        clean_shave=settings.clean_shave,
        paint_brows=settings.paint_brows,
    )
    jobs.queue.ask(
        engine_settings(),
        "Making the skin",
        asked,
        deliver,
        found,
        subject=head.name,
        in_line=True,
        scratch=place,
        follows=bool(made),
    )


def show_textures(context: bpy.types.Context) -> None:
    """Solid views show the colours of materials: let them show their pictures, and under an even
    light, since Blender's own darkens a skin by a third. A light that was chosen stays."""
    lights = {each.name for each in context.preferences.studio_lights if each.type == "STUDIO"}
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D":
            shading = area.spaces.active.shading
            if shading.type == "SOLID" and shading.color_type == "MATERIAL":
                shading.color_type = "TEXTURE"
                usual = shading.light == "STUDIO" and shading.studio_light == _USUAL_LIGHT
                if usual and _EVEN_LIGHT in lights:
                    shading.studio_light = _EVEN_LIGHT


def sources(
    head: bpy.types.Object,
    settings: bpy.types.PropertyGroup,
    filepath: str = "",
    any_photo: bool = False,
) -> tuple[tuple[protocol.SkinPhoto, ...], tuple[PhotoSource, ...]]:
    """What the engine reads of the head's photos, and what is to be deleted afterwards.

    Raises OferError(PHOTO_MISSING | PHOTO_UNREADABLE | PHOTO_TOO_LARGE | BAD_REQUEST).
    """
    if filepath:
        source = photo_source.from_file(filepath)
        others = len(head_photos.views(head)) - 1
        return (protocol.SkinPhoto(str(source.path)), *[protocol.SkinPhoto("")] * others), ()
    found = head_photos.find(head, settings, any_photo)
    photos = [protocol.SkinPhoto(str(each.source.path)) for each in found]
    taken = [each.source for each in found]
    try:
        painted = mask.write(head, head_photos.image(taken[0])) if head.ofer.mask else None
    except BaseException:
        for source in taken:
            source.discard()
        raise
    if painted:
        photos[0] = dataclasses.replace(photos[0], hidden=str(painted.path))
        taken.append(painted)
    return tuple(photos), tuple(taken)


def _say_what_stays(operator: bpy.types.Operator, head: bpy.types.Object) -> None:
    for image in skin.painted(head):
        message = Sentence("{name} was painted on: it stays in this file.", name=image.name)
        operator.report({"INFO"}, translate(message))


def _gone(name: str) -> OferError:
    return OferError(
        ErrorCode.BAD_REQUEST,
        "The head {head} is gone.",
        "Make the skin for another one.",
        head=repr(name),
    )


CLASSES = (OFER_OT_make_skin, OFER_OT_wear_skin, OFER_OT_remove_skin)
