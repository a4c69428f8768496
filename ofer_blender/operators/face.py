"""Choosing a face in a photo: one of those found, or one placed by hand on the picture."""

from __future__ import annotations

import math

import bpy

from ...ofer_engine.client.opened_photos import OpenedPhoto
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..engine import jobs
from ..photo import panel_photo, photo_source
from ..photo.face_picker import FacePicker, Picked
from ..photo.photo_properties import BOX, FOUND, POINTS
from ..photo.picture_overlay import PictureOverlay
from ..translations import CONTEXT, tr
from .refusal import no_photo


class OFER_OT_choose_face(bpy.types.Operator):
    """Reconstruct this one of the faces found"""

    bl_idname = "ofer.choose_face"
    bl_label = "Choose Face"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False

    index: bpy.props.IntProperty(name="Face", min=0, translation_context=CONTEXT)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_photo(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        photo = panel_photo.follow(context).entry
        opened = jobs.queue.opened(photo_source.key(photo))
        if opened is None or self.index >= len(opened.faces):
            raise OferError(ErrorCode.BAD_REQUEST, "There is no such face. Press Find Faces first.")
        photo.face, photo.placement = self.index, FOUND
        return {"FINISHED"}


class OFER_OT_place_face(bpy.types.Operator):
    """Say by hand where the face is: a box around it, or its eyes and chin"""

    bl_idname = "ofer.place_face"
    bl_label = "Place the Face by Hand"
    bl_options = {"REGISTER", "UNDO"}
    changes_head = False

    box: bpy.props.IntVectorProperty(
        name="Face Box",
        description="Left, top, width and height of the face in photo pixels; "
        "all 0 puts a box into the middle",
        size=4,
        min=0,
        options={"SKIP_SAVE"},
    )
    points: bpy.props.FloatVectorProperty(
        name="Eyes and Chin",
        description="Across and down in photo pixels: one eye, the other eye, the tip of the chin",
        size=6,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_photo(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        photo = panel_photo.follow(context).entry
        if any(self.points):
            if not all(map(math.isfinite, self.points)):
                raise OferError(
                    ErrorCode.BAD_REQUEST,
                    "A place of an eye or of the chin is no number.",
                    "Say all three in pixels of the photo.",
                )
            photo.points, photo.placement = self.points, POINTS
            return {"FINISHED"}
        opened = jobs.queue.opened(photo_source.key(photo))
        if any(self.box):
            photo.box = self.box
        elif opened and not any(photo.box):
            width, height = opened.width, opened.height
            side = min(width, height) // 2
            photo.box = ((width - side) // 2, (height - side) // 2, side, side)
        photo.placement = BOX
        return {"FINISHED"}


class OFER_OT_pick_face(bpy.types.Operator):
    """Show the photo large: click a face, drag a box around one, or click its eyes and chin"""

    bl_idname = "ofer.pick_face"
    bl_label = "Pick on the Photo"
    bl_options = {"REGISTER"}  # choose_face or place_face is the undo step

    placing: bpy.props.BoolProperty(
        name="Eyes and Chin", description="Begin with points, not boxes", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_photo(cls, context):
            return False
        if context.area is None or context.area.type != "VIEW_3D":
            cls.poll_message_set(tr("Only in a 3D viewport"))
        elif _picture(context) is None:
            cls.poll_message_set(tr("Press Find Faces first: the engine has not opened this photo"))
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        opened = _picture(context)
        region = next(each for each in context.area.regions if each.type == "WINDOW")
        self._area = context.area
        frame = PictureOverlay.frame(opened, context.area)
        boxes = tuple(tuple(face.box) for face in opened.event.faces)
        self._picker = FacePicker(frame, boxes, self.placing)
        self._region, self._opened = region, opened
        self._overlay = PictureOverlay(opened, self._picker, region)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._picker.frame = PictureOverlay.frame(self._opened, self._area)
        self._region.tag_redraw()
        place = event.mouse_x - self._region.x, event.mouse_y - self._region.y
        picked = None
        if event.type in {"ESC", "RIGHTMOUSE"}:
            return self._close({"CANCELLED"})
        if event.type == "MOUSEMOVE":
            self._picker.move(place)
        elif event.type == "LEFTMOUSE" and event.value == "PRESS":
            self._picker.press(place)
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            picked = self._picker.release(place)
        elif event.type == "P" and event.value == "PRESS":
            self._picker.place()
        elif event.type == "BACK_SPACE" and event.value == "PRESS":
            self._picker.remove_last()
        elif event.ascii.isdigit() and event.value == "PRESS":
            index = int(event.ascii) - 1
            picked = Picked(face=index) if 0 <= index < len(self._picker.faces) else None
        return self._take(picked) if picked else {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        self._overlay.remove()

    def _take(self, picked: Picked) -> set[str]:
        take(picked)
        return self._close({"FINISHED"})

    def _close(self, result: set[str]) -> set[str]:
        self._overlay.remove()
        self._region.tag_redraw()
        return result


def take(picked: Picked) -> None:
    """Make what was picked the face of the photo shown: one undo step."""
    if picked.face is not None:
        bpy.ops.ofer.choose_face("EXEC_DEFAULT", True, index=picked.face)
    elif picked.box is not None:
        box = tuple(round(value) for value in picked.box)
        bpy.ops.ofer.place_face("EXEC_DEFAULT", True, box=box)
    else:
        bpy.ops.ofer.place_face("EXEC_DEFAULT", True, points=picked.points)


def _picture(context: bpy.types.Context) -> OpenedPhoto | None:
    opened = jobs.queue.photos.get(photo_source.key(panel_photo.shown(context).entry))
    return opened if opened and opened.picture is not None else None


CLASSES = (OFER_OT_choose_face, OFER_OT_place_face, OFER_OT_pick_face)
