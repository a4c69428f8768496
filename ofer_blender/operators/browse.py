"""Browse: walking the gallery with the keys, marking on the way, and going back without a trace."""

from __future__ import annotations

from typing import Final

import bpy

from ..head import hypotheses, lookup, own_mesh, shaping
from ..translations import tr
from ..undo import transaction
from . import express
from .gallery import walk
from .look import head_in_view
from .refusal import OnHead


class OFER_OT_browse(OnHead, bpy.types.Operator):
    """Walk the gallery with the arrow keys, star and hide as you go; Enter keeps, Esc goes back"""

    bl_idname = "ofer.browse"
    bl_label = "Browse"
    bl_options = {"REGISTER", "UNDO", "BLOCKING"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._walk = Walk(head_in_view(context))
        context.window_manager.modal_handler_add(self)
        self._say(context, self._walk.line())
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type not in KEYS:
            return {"PASS_THROUGH"}  # the view may be turned meanwhile
        if event.value != "PRESS":
            return {"RUNNING_MODAL"}
        outcome = self._walk.press(event.type)
        self._say(context, self._walk.line() if outcome == "RUNNING_MODAL" else None)
        return {outcome}

    def cancel(self, context: bpy.types.Context) -> None:
        self._say(context, None)

    def roll_back(self, context: bpy.types.Context) -> None:
        """A key failed: the head is as it was before, and the header of the view, too."""
        self._walk.leave()

    def _say(self, context: bpy.types.Context, text: str | None) -> None:
        if context.area:
            context.area.header_text_set(text)
            context.area.tag_redraw()


class Walk:
    """What a press of a key does while browsing a head; Esc brings everything back as it was.

    Heads are found by uid each time: a pointer would not live through an undo.
    """

    def __init__(self, head: bpy.types.Object) -> None:
        self._uid = head.session_uid
        self._before = (
            (head.ofer.identity_index, head.ofer.expression_index),
            [(i.favourite, i.hidden) for i in head.ofer.identities],
            {key.name: key.value for key in head.data.shape_keys.key_blocks},
            head.active_shape_key_index,
        )

    def press(self, key: str) -> str:
        """RUNNING_MODAL, FINISHED or CANCELLED."""
        head = lookup.of_uid(self._uid)
        if head is None or not head.data.shape_keys:
            return "CANCELLED"
        if key in _WALKS:
            walk(head, *_WALKS[key])
        elif key in ("S", "H"):
            _mark(head, "favourite" if key == "S" else "hidden")
        elif key == "U":
            name = hypotheses.chosen_identity(head)
            if not hypotheses.is_basis(head, name) and hypotheses.key_exists(head, name):
                with transaction.whole(bpy.context, [head]):
                    own_mesh.ensure(head)
                    hypotheses.use_identity(head, name)
                    express.ask_if_awake(head, "browse")
            return "FINISHED"
        elif key in _KEEP:
            return "FINISHED"
        else:
            self._go_back(head)
            return "CANCELLED"
        return "RUNNING_MODAL"

    def leave(self) -> None:
        """Go back, if the head is still there."""
        head = lookup.of_uid(self._uid)
        if head and head.data.shape_keys:
            self._go_back(head)

    def line(self) -> str:
        """What the header of the view says."""
        head = lookup.of_uid(self._uid)
        if head is None:
            return ""
        listed = [i.name for i in head.ofer.identities if hypotheses.is_listed(head, i)]
        name = hypotheses.chosen_identity(head)
        item = head.ofer.identities[name]
        place, count = (listed.index(name) + 1 if name in listed else 0), len(listed)
        where = tr("{place} of {count}").format(place=place, count=count) if place else tr("hidden")
        star = " ★" if item.favourite else ""
        keys = tr("← → heads   ↑ ↓ expressions   S star   H hide   U use   Enter keep   Esc back")
        return f"{hypotheses.caption(item)}{star}   ({where})      {keys}"

    def _go_back(self, head: bpy.types.Object) -> None:
        (identity, expression), marks, values, active = self._before
        with hypotheses.still(head):
            head.ofer.identity_index, head.ofer.expression_index = identity, expression
        for item, (favourite, hidden) in zip(head.ofer.identities, marks, strict=True):
            item.favourite, item.hidden = favourite, hidden
        for name, value in values.items():
            head.data.shape_keys.key_blocks[name].value = value
        shaping.follow(head)
        head.active_shape_key_index = active


_WALKS: Final = {
    "RIGHT_ARROW": ("IDENTITY", 1), "LEFT_ARROW": ("IDENTITY", -1),
    "DOWN_ARROW": ("EXPRESSION", 1), "UP_ARROW": ("EXPRESSION", -1),
    "PAGE_DOWN": ("IDENTITY", 5), "PAGE_UP": ("IDENTITY", -5),
}  # fmt: skip
_KEEP: Final = ("RET", "NUMPAD_ENTER", "LEFTMOUSE")
KEYS: Final = (*_WALKS, "S", "H", "U", *_KEEP, "ESC", "RIGHTMOUSE")


def _mark(head: bpy.types.Object, flag: str) -> None:
    """Turn a flag of the chosen head over; what was just hidden makes way for its neighbour."""
    item = head.ofer.identities[head.ofer.identity_index]
    setattr(item, flag, not getattr(item, flag))
    if item.hidden and flag == "hidden":
        walk(head, "IDENTITY", 1)


CLASSES: Final = (OFER_OT_browse,)
