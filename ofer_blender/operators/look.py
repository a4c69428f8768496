"""Looking at the active head: side by side, through its photo, and by what was guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat
from ..head import certainty, comparison, hypotheses
from ..photo import head_photos, photo_beside, through_photo
from ..translations import CONTEXT, tr
from ..ui import view
from .refusal import OnHead, no_head

_COLOURS: Final = (
    ("GUESSED", "Seen / Guessed", "Blue where the photo decides, red where it shows nothing"),
    ("MILLIMETRES", "Millimetres", "Red where the heads drawn differ most"),
)
_SIZES: Final = (("4", "4", "Two by two"), ("9", "9", "Three by three"))


class OFER_OT_compare(bpy.types.Operator):
    """Show the best heads of the gallery side by side; click one, then Pick This One"""

    bl_idname = "ofer.compare"
    bl_label = "Compare"
    bl_options = {"REGISTER", "UNDO"}

    count: bpy.props.EnumProperty(name="Heads", items=_SIZES, translation_context=CONTEXT)
    page: bpy.props.IntProperty(
        name="Page", description="0 begins with the best heads; 1 with those after them", min=0
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if len(comparison.page(hypotheses.active_head(context), 4, 0)) < 2:
            cls.poll_message_set(tr("There are fewer than two heads in the gallery to compare"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        already = head.ofer.comparing
        if already:
            comparison.end(head)
        count = int(self.count)
        stand = comparison.begin(context.scene, head, count, self.page)
        if not already:
            view.look_from_front(context, stand.axes, stand.box)
        return {"FINISHED"}


class _WhileComparing:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not hypotheses.active_head(context).ofer.comparing:
            cls.poll_message_set(tr("Press Compare first"))
            return False
        return True


class OFER_OT_pick_compared(_WhileComparing, bpy.types.Operator):
    """Show the head that is selected among those compared, and end comparing"""

    bl_idname = "ofer.pick_compared"
    bl_label = "Pick This One"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(
        name="Head",
        description="Its name, such as identity_03. Empty: the one selected",
        options={"SKIP_SAVE"},
        translation_context=CONTEXT,
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        place = head.ofer.identities.find(self.name or comparison.selected(context))
        if place < 0:
            raise OferError(
                ErrorCode.BAD_REQUEST, "Select one of the heads that are compared first."
            )
        _stop(context, head)
        head.ofer.identity_index = place  # which shows it
        return {"FINISHED"}


class OFER_OT_end_compare(_WhileComparing, bpy.types.Operator):
    """Remove the heads that are compared and show the head as it was"""

    bl_idname = "ofer.end_compare"
    bl_label = "End Comparing"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        _stop(context, hypotheses.active_head(context))
        return {"FINISHED"}


class OFER_OT_remove_abandoned(bpy.types.Operator):
    """Remove what heads that were deleted left behind: compared copies, the photo's view"""

    bl_idname = "ofer.remove_abandoned"
    bl_label = "Remove Abandoned Copies"
    bl_options = {"UNDO_GROUPED", "INTERNAL"}
    bl_undo_group = "Delete"  # what Blender calls the step before: both become one

    def execute(self, context: bpy.types.Context) -> set[str]:
        compat.make_undo_ready()
        comparison.remove_abandoned()
        through_photo.end_abandoned()
        return {"FINISHED"}


class OFER_OT_through_photo(OnHead, bpy.types.Operator):
    """Look at the head through the photo's camera with the photo laid over it; again to leave"""

    bl_idname = "ofer.through_photo"
    bl_label = "Through the Photo"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(
        name="Photo",
        description="Where the photo is. Empty: it is in the Photo panel",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    display_type: bpy.props.EnumProperty(
        items=(("THUMBNAIL", "Thumbnails", "", 3),),  # as in the file browser's own list
        options={"HIDDEN", "SKIP_SAVE"},
    )
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        head = hypotheses.active_head(context)
        if not through_photo.is_on(context.scene, head) and not self.filepath:
            try:
                self._image(context, head)
            except OferError:  # the photo is elsewhere now: let it be chosen
                context.window_manager.fileselect_add(self)
                return {"RUNNING_MODAL"}
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head, space = hypotheses.active_head(context), view.of(context)
        if through_photo.is_on(context.scene, head):
            through_photo.end(context.scene, head)
            if space:
                view.look_back(space)
            return {"FINISHED"}
        through_photo.check(head)  # before a picture is loaded
        image = self._image(context, head)
        through_photo.begin(context.scene, head, image)
        if space:
            view.look_through_camera(space)
        return {"FINISHED"}

    def _image(self, context: bpy.types.Context, head: bpy.types.Object) -> bpy.types.Image:
        """Raises OferError where the photo is not found or cannot be read."""
        if self.filepath:
            return head_photos.load(Path(bpy.path.abspath(self.filepath)))
        kept = through_photo.picture(head)
        if kept and kept.image and kept.image.has_data:
            return kept.image
        return head_photos.main(head, context.scene.ofer)


class OFER_OT_photo_beside(OnHead, bpy.types.Operator):
    """Put the photo beside the head, to compare them; again to take it away"""

    bl_idname = "ofer.photo_beside"
    bl_label = "Photo Beside"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        if head.ofer.photo_beside:
            photo_beside.hide(head)
            return {"FINISHED"}
        photo_beside.show(head, head_photos.unread(head, context.scene.ofer))
        return {"FINISHED"}


class OFER_OT_seen_guessed(bpy.types.Operator):
    """Colour the head: blue where the photo decides, red where OFER guessed, as wherever it is \
covered; or by how far apart the heads drawn are; again for its usual colours"""

    bl_idname = "ofer.seen_guessed"
    bl_label = "Seen / Guessed"
    bl_options = {"REGISTER"}  # only the view changes, as with any shading

    mode: bpy.props.EnumProperty(
        name="Colours", items=_COLOURS, options={"SKIP_SAVE"}, translation_context=CONTEXT
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not certainty.is_coloured(hypotheses.active_head(context), certainty.Colouring.GUESSED):
            cls.poll_message_set(tr("The colour attribute of this head was deleted"))
        elif view.of(context) is None:
            cls.poll_message_set(tr("Open a 3D view first"))
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        space, head = view.of(context), hypotheses.active_head(context)
        mode, shown = certainty.Colouring(self.mode), certainty.mode_of(head)
        if view.shows_colours(space) and mode == shown:
            view.hide_colours(space)
            return {"FINISHED"}
        if not certainty.is_coloured(head, mode):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "This reconstruction has no millimetres: reconstruct the photo again.",
            )
        if mode != shown:
            head.data.color_attributes.active_color_name = certainty.LAYERS[mode]
            bpy.ops.ed.undo_push(message=self.bl_label)
        if not view.shows_colours(space):
            view.show_colours(space)
        return {"FINISHED"}


def head_in_view(context: bpy.types.Context) -> bpy.types.Object:
    """The active head, itself to be seen: what shows or changes it ends comparing."""
    head = hypotheses.active_head(context)
    if head.ofer.comparing:
        _stop(context, head)
    return head


def _stop(context: bpy.types.Context, head: bpy.types.Object) -> None:
    comparison.end(head)
    if space := view.of(context):
        view.look_back(space)


CLASSES: Final = (
    OFER_OT_compare,
    OFER_OT_pick_compared,
    OFER_OT_end_compare,
    OFER_OT_remove_abandoned,
    OFER_OT_through_photo,
    OFER_OT_photo_beside,
    OFER_OT_seen_guessed,
)
