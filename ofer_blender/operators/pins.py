"""Pinning points of a head to places in its photo: the rest of the head follows."""

from __future__ import annotations

from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import hypotheses, pins
from ..photo import head_photos, pin_drag, pin_overlay, through_photo
from ..photo.pin_drag import PinDrag
from ..translations import tr
from .look import head_in_view
from .refusal import OnHead, no_head

_POINT: Final = {
    "name": "Point",
    "description": "Vertex of the head",
    "default": -1,
    "min": -1,
    "options": {"SKIP_SAVE"},
}
_VIEW: Final = {
    "name": "Photo",
    "description": "Which of the head's photos, from 0",
    "min": 0,
    "options": {"SKIP_SAVE"},
}


class OFER_OT_pin(OnHead, bpy.types.Operator):
    """Set a point of the head to a place in the photo; the rest of the head follows as the heads \
that were drawn say it must"""

    bl_idname = "ofer.pin"
    bl_label = "Pin"
    bl_options = {"REGISTER", "UNDO"}

    point: bpy.props.IntProperty(**_POINT)
    photo: bpy.props.FloatVectorProperty(
        name="Place",
        description="Pixels of the photo, from its top left corner",
        size=2,
        default=(-1.0, -1.0),
        options={"SKIP_SAVE"},
    )
    view: bpy.props.IntProperty(**_VIEW)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = head_in_view(context)
        views = head_photos.views(head)
        if self.view >= len(views):
            raise OferError(ErrorCode.BAD_REQUEST, "This head has fewer photos.")
        pinning = pins.Pinning.of(head)
        if not 0 <= self.point < pinning.frame.vertices:
            raise OferError(
                ErrorCode.BAD_REQUEST, "Say which point: the number of a vertex of the head."
            )
        camera = views[self.view]["camera"]
        x, y = self.photo
        if not (0 <= x <= camera["width"] and 0 <= y <= camera["height"]):
            raise OferError(ErrorCode.BAD_REQUEST, "Say a place inside the photo, in its pixels.")
        pins.put(head, self.point, self.view, (x, y))
        _show(head, pinning)
        return {"FINISHED"}


class _OnPins:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not hypotheses.active_head(context).ofer.pins:
            cls.poll_message_set(tr("This head has no pins"))
            return False
        return True


class OFER_OT_release_pin(_OnPins, bpy.types.Operator):
    """Take this pin out; the others stay"""

    bl_idname = "ofer.release_pin"
    bl_label = "Release Pin"
    bl_options = {"REGISTER", "UNDO"}

    point: bpy.props.IntProperty(**_POINT)
    view: bpy.props.IntProperty(**_VIEW)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = head_in_view(context)
        if not pins.release(head, self.point, self.view):
            raise OferError(ErrorCode.BAD_REQUEST, "There is no pin at this point.")
        _show(head, pins.Pinning.of(head))
        return {"FINISHED"}


class OFER_OT_clear_pins(_OnPins, bpy.types.Operator):
    """Take all pins out: the head is as it was before the first"""

    bl_idname = "ofer.clear_pins"
    bl_label = "Clear Pins"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = head_in_view(context)
        head.ofer.pins.clear()
        _show(head, pins.Pinning.of(head))
        return {"FINISHED"}


class OFER_OT_drag_pins(OnHead, bpy.types.Operator):
    """Drag points of the head to where the photo shows them. X takes the last pin out, Enter or \
Esc ends"""

    bl_idname = "ofer.drag_pins"
    bl_label = "Drag Pins"
    bl_options = {"REGISTER"}  # each pin is an undo step of its own

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not through_photo.is_on(context.scene, hypotheses.active_head(context)):
            cls.poll_message_set(tr("Press Through the Photo first"))
        elif context.area is None or context.area.type != "VIEW_3D":
            cls.poll_message_set(tr("Only in a 3D viewport"))
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._rings = None
        self._drag = PinDrag(hypotheses.active_head(context))
        self._region = next(each for each in context.area.regions if each.type == "WINDOW")
        self._last = -1
        self._rings = pin_overlay.show_landmarks(self._drag)
        context.window_manager.modal_handler_add(self)
        self._say(context, tr("Drag points of the head   X take the last out   Enter done"))
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        drag, frame = self._drag, pin_drag.frame(context, self._region)
        if drag.head is None or frame is None:
            return self._close(context)
        mouse = event.mouse_x, event.mouse_y
        at = mouse[0] - self._region.x, mouse[1] - self._region.y
        place = frame.to_photo(at)
        if event.type in {"RET", "NUMPAD_ENTER"} and event.value == "PRESS":
            return self._close(context)
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            if drag.grabbed < 0:
                return self._close(context)
            drag.leave()
        elif event.type == "LEFTMOUSE" and event.value == "PRESS":
            over = context.area and pin_drag.over(self._region, context.area, mouse)
            if not over:
                return {"PASS_THROUGH"}
            if not drag.press(place, pin_drag.REACH / frame.scale) and not frame.holds(at):
                return {"PASS_THROUGH"}  # on the photo, a miss selects nothing that lies behind it
        elif event.type == "MOUSEMOVE" and drag.grabbed >= 0:
            drag.move(place)
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE" and drag.grabbed >= 0:
            self._last = drag.grabbed
            drag.release()
        elif event.type == "X" and event.value == "PRESS" and drag.grabbed < 0:
            if pins.find(drag.head, self._last, 0):
                bpy.ops.ofer.release_pin("EXEC_DEFAULT", True, point=self._last)
        else:
            return {"PASS_THROUGH"}
        self._region.tag_redraw()
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        self._unshow()
        self._say(context, None)

    def roll_back(self, context: bpy.types.Context) -> None:
        """Something failed: what is being dragged is where it was before."""
        self._unshow()
        self._drag.leave()

    def _unshow(self) -> None:
        if self._rings:
            pin_overlay.hide_landmarks(self._rings)
            self._rings = None

    def _close(self, context: bpy.types.Context) -> set[str]:
        self._unshow()
        self._drag.leave()
        self._say(context, None)
        return {"FINISHED"}

    def _say(self, context: bpy.types.Context, text: str | None) -> None:
        if context.area:
            context.area.header_text_set(text)
            context.area.tag_redraw()


def _show(head: bpy.types.Object, pinning: pins.Pinning) -> None:
    pins.show(head, pinning)
    through_photo.follow(head, pinning.frame.placed)


CLASSES: Final = (
    OFER_OT_pin,
    OFER_OT_release_pin,
    OFER_OT_clear_pins,
    OFER_OT_drag_pins,
)
