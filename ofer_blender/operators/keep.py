"""Heads from reconstruction folders, and heads as assets."""

from __future__ import annotations

import contextlib
from pathlib import Path

import bpy

from ...ofer_engine.client import reconstruction_reader
from ...ofer_engine.contract import reconstruction
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sentence import Sentence
from ..head import asset, head_object, hypotheses, placement, presentation, provenance
from ..photo import head_photos, photo_beside
from ..translations import CONTEXT, tr, translate
from ..ui import view
from .dropped import OnViewport
from .refusal import OnHead, no_place


class OFER_OT_insert_head(bpy.types.Operator):
    """Make a head of a reconstruction folder (NAME.ofer)"""

    bl_idname = "ofer.insert_head"
    bl_label = "Insert Head"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False

    directory: bpy.props.StringProperty(
        name="Reconstruction",
        description="The folder NAME.ofer",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    present: bpy.props.BoolProperty(
        name="Present",
        description="Show it as the options of Reconstruct say",
        options={"SKIP_SAVE"},
    )
    seen_from: bpy.props.StringProperty(
        name="Seen From",
        description="Where the views stood when the head was asked for: moved since, they stay",
        options={"SKIP_SAVE", "HIDDEN"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_place(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        wish = presentation.preferred() if self.present else None
        untouched = not self.seen_from or view.is_where(context, self.seen_from)
        _insert(context, Path(bpy.path.abspath(self.directory)), wish, untouched)
        return {"FINISHED"}


class OFER_OT_open_reconstruction(bpy.types.Operator):
    """Make a head of a NAME.ofer folder: choose the folder, or its reconstruction.json"""

    bl_idname = "ofer.open_reconstruction"
    bl_label = "Open Reconstruction"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False

    filepath: bpy.props.StringProperty(
        name="Reconstruction",
        description="The folder NAME.ofer, or a file in it",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default="*.ofer;reconstruction.json", options={"HIDDEN", "SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_place(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        _insert(context, _folder(Path(bpy.path.abspath(self.filepath))))
        return {"FINISHED"}


class OFER_FH_reconstruction(OnViewport, bpy.types.FileHandler):
    """A reconstruction dropped on the viewport"""

    bl_idname = "OFER_FH_reconstruction"
    bl_label = "OFER Faces: Head from Reconstruction"
    bl_import_operator = "ofer.open_reconstruction"
    bl_file_extensions = f".json;{reconstruction.SUFFIX}"


class OFER_OT_save_as_asset(OnHead, bpy.types.Operator):
    """Put the head into the asset browser, with its picture, its licence and a catalogue"""

    bl_idname = "ofer.save_as_asset"
    bl_label = "Save as Asset"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False

    library: bpy.props.EnumProperty(
        name="Library",
        description="Where the asset is kept",
        items=asset.libraries,
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if len(asset.libraries(self, context)) > 1:
            return context.window_manager.invoke_props_dialog(self)
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        if self.library == asset.THIS_FILE:
            asset.mark(head)
            return {"FINISHED"}
        path = asset.export(head, self.library)
        self.report(
            {"INFO"}, translate(Sentence("{name} is in the asset library.", name=path.name))
        )
        return {"CANCELLED"}  # this file is as it was, so there is nothing to undo


class OFER_OT_copy_provenance(bpy.types.Operator):
    """Copy what the head was made from, as JSON, to the clipboard"""

    bl_idname = "ofer.copy_provenance"
    bl_label = "Copy the Record"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = hypotheses.active_head(context)
        if head and provenance.read(head):
            return True
        cls.poll_message_set(tr("Select a head made by OFER Faces"))
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = provenance.as_text(hypotheses.active_head(context))
        self.report({"INFO"}, tr("The record is on the clipboard."))
        return {"FINISHED"}


def _insert(
    context: bpy.types.Context,
    folder: Path,
    wish: presentation.Presentation | None = None,
    turn: bool = True,
) -> None:
    delivered = reconstruction_reader.take(folder)
    head = head_object.build(delivered)
    context.collection.objects.link(head)
    if wish:
        presentation.dress(head, wish)
    if wish and wish.photo:
        _hang_photo(context, head)
    low, high = photo_beside.bounds(head)
    placement.stand(context, head, delivered.arrays.identity_vertices, low.x)
    for other in context.selected_objects:
        other.select_set(False)
    head.select_set(True)
    context.view_layer.objects.active = head
    if turn and wish and wish.front:
        view.face_from_front(context, head, low, high)
    elif turn:
        view.face(context, head)


def _hang_photo(context: bpy.types.Context, head: bpy.types.Object) -> None:
    """A photo that is nowhere to be found, or that Blender cannot read, is left out."""
    with contextlib.suppress(OferError):
        photo_beside.show(head, head_photos.unread(head, context.scene.ofer))


def _folder(path: Path) -> Path:
    """The NAME.ofer of what was chosen: itself, a file in it, or what lies inside."""
    for folder in (path, path.parent):
        if (folder / reconstruction.RECORD).is_file():
            return folder
    raise OferError(
        ErrorCode.RECONSTRUCTION_DAMAGED,
        "{name} is no reconstruction of OFER Faces.",
        "Choose a NAME.ofer folder, or the reconstruction.json inside one.",
        name=path.name,
    )


CLASSES = (
    OFER_OT_insert_head,
    OFER_OT_open_reconstruction,
    OFER_FH_reconstruction,
    OFER_OT_save_as_asset,
    OFER_OT_copy_provenance,
)
