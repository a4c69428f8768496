"""Choosing photos: from disk, dropped on the viewport, or from the .blend."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import enum_items
from ..engine import jobs
from ..engine.engine_settings import engine_settings
from ..photo import panel_photo, photo_source
from ..translations import tr
from ..ui.reveal import reveal
from .dropped import PHOTO_FILES, PHOTO_GLOB, OnViewport, given_paths
from .refusal import busy, engine_missing, no_photo
from .waiting import WAIT

ONE: Final = "ONE"
SEVERAL: Final = "SEVERAL"


def _images(
    self: bpy.types.Operator, context: bpy.types.Context | None
) -> list[tuple[str, str, str]]:
    pictures = filter(photo_source.is_picture, bpy.data.images)
    return enum_items.kept((each.name, each.name, "") for each in pictures)


class _Choosing:
    """Takes one photo or several, asks whom several show, and looks for faces."""

    changes_head = False

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"}
    )
    people: bpy.props.EnumProperty(
        name="They Show",
        description="Whom several photos show",
        items=(
            (ONE, "One Person", "One head from all photos, and expressions from each"),
            (SEVERAL, "Different People", "A head from each photo, one after the other"),
        ),
        options={"SKIP_SAVE"},
    )
    add: bpy.props.BoolProperty(
        name="Add",
        description="Further photos of the person whose photos are chosen already",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    display_type: bpy.props.EnumProperty(
        items=(("THUMBNAIL", "Thumbnails", "", 3),),  # as in the file browser's own list
        options={"HIDDEN", "SKIP_SAVE"},
    )
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default=PHOTO_GLOB, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        paths = given_paths(self)
        if not paths:
            context.window_manager.fileselect_add(self)
            return {"RUNNING_MODAL"}
        if len(paths) > 1:
            return context.window_manager.invoke_props_dialog(self, width=360)
        return self.execute(context)

    def draw(self, context: bpy.types.Context) -> None:
        if not self.add:
            self.layout.label(text="Several photos: whom do they show?")
            self.layout.prop(self, "people", expand=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        paths = given_paths(self)
        missing = [path for path in paths if not Path(bpy.path.abspath(path)).is_file()]
        if missing or not paths:
            raise OferError(
                ErrorCode.BAD_REQUEST, "There is no such photo. Choose a picture of a face."
            )
        if len(paths) > 1 and self.people == SEVERAL and not self.add:
            bpy.ops.ofer.reconstruct_each(
                directory=str(Path(paths[0]).parent), files=[{"name": Path(p).name} for p in paths]
            )
            return {"CANCELLED"}  # nothing was changed here
        panel_photo.follow(context)
        settings = context.scene.ofer
        if not self.add:
            settings.photos.clear()
        for path in paths:
            settings.photos.add().filepath = path
        settings.photo_index = len(settings.photos) - len(paths)
        _look(context)
        return {"FINISHED"}


class OFER_OT_choose_photo(_Choosing, bpy.types.Operator):
    """Choose a photo of a face, or several, and look for faces in them"""

    bl_idname = "ofer.choose_photo"
    bl_label = "Choose Photo"
    bl_options = {"REGISTER", "UNDO"}


class OFER_OT_drop_photo(_Choosing, bpy.types.Operator):
    """Choose a photo of a face, or several, and look for faces in them"""

    bl_idname = "ofer.drop_photo"
    bl_label = "OFER Faces: Heads from Photo"  # as the menu says it, beside Blender's own offers
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}


class OFER_FH_photo(OnViewport, bpy.types.FileHandler):
    """Photos dropped on the viewport"""

    bl_idname = "OFER_FH_photo"
    bl_label = "OFER Faces: Heads from Photo"
    bl_import_operator = "ofer.drop_photo"
    bl_file_extensions = PHOTO_FILES


class OFER_OT_use_image(bpy.types.Operator):
    """Use a picture that is already in this .blend as the photo"""

    bl_idname = "ofer.use_image"
    bl_label = "Use Image"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False
    bl_property = "image"

    image: bpy.props.EnumProperty(
        name="Image",
        description="A picture that is already in this .blend",
        items=_images,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if any(map(photo_source.is_picture, bpy.data.images)):
            return True
        cls.poll_message_set(tr("There is no picture in this .blend"))
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        panel_photo.follow(context)
        settings = context.scene.ofer
        settings.photos.clear()
        photo = settings.photos.add()
        photo.source, photo.image = "IMAGE", bpy.data.images[self.image]
        settings.photo_index = 0
        _look(context)
        return {"FINISHED"}


class _OnPhoto:
    """An operator on one of the photos of the list."""

    changes_head = False

    index: bpy.props.IntProperty(name="Photo", min=0, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_photo(cls, context)


class OFER_OT_remove_photo(_OnPhoto, bpy.types.Operator):
    """Take a photo off the list; the file stays where it is"""

    bl_idname = "ofer.remove_photo"
    bl_label = "Remove Photo"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.ofer
        if self.index >= len(settings.photos):
            raise OferError(ErrorCode.BAD_REQUEST, "There is no such photo on the list.")
        panel_photo.follow(context)
        settings.photos.remove(self.index)
        settings.photo_index = max(min(settings.photo_index, len(settings.photos) - 1), 0)
        return {"FINISHED"}


class OFER_OT_show_photo(_OnPhoto, bpy.types.Operator):
    """Show the faces of this photo"""

    bl_idname = "ofer.show_photo"
    bl_label = "Show Photo"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        panel_photo.follow(context)
        settings = context.scene.ofer
        settings.photo_index = min(self.index, len(settings.photos) - 1)
        return {"FINISHED"}


class OFER_OT_find_faces(bpy.types.Operator):
    """Look for faces in the photos, to choose one if there are several"""

    bl_idname = "ofer.find_faces"
    bl_label = "Find Faces"
    bl_options = {"REGISTER"}

    wait: bpy.props.BoolProperty(**WAIT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if busy(cls) or engine_missing(cls, engine_settings()):
            return False
        return not no_photo(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs.queue.open_photos(engine_settings(), photo_source.chosen(context.scene.ofer))
        return jobs.follow(self, self.wait)


def _look(context: bpy.types.Context) -> None:
    """With a window, look for faces at once: scripts say when they want it."""
    if bpy.app.background:
        return
    reveal(context)
    if bpy.ops.ofer.find_faces.poll():
        bpy.ops.ofer.find_faces()


CLASSES = (
    OFER_OT_choose_photo,
    OFER_OT_drop_photo,
    OFER_FH_photo,
    OFER_OT_use_image,
    OFER_OT_remove_photo,
    OFER_OT_show_photo,
    OFER_OT_find_faces,
)
