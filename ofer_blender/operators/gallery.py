"""Walking the gallery of the active head, and choosing from it."""

from __future__ import annotations

from typing import Final

import bpy

from .. import hypotheses
from . import express
from .refusal import no_head

_NAME: Final = {
    "name": "Hypothesis",
    "description": "Its name, such as identity_03. Empty: the one chosen in the gallery",
    "options": {"SKIP_SAVE"},
}
TAB: Final = "OFER"


class OFER_OT_show(bpy.types.Operator):
    """Show a hypothesis of the active head in the viewport"""

    bl_idname = "ofer.show"
    bl_label = "Show Hypothesis"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Hypothesis", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        for items, index in (
            (head.ofer.identities, "identity_index"),
            (head.ofer.expressions, "expression_index"),
        ):
            place = items.find(self.name)
            if place >= 0:
                setattr(head.ofer, index, place)  # which shows it
                return {"FINISHED"}
        self.report({"ERROR"}, f"{head.name} has no hypothesis {self.name!r}.")
        return {"CANCELLED"}


class OFER_OT_step(bpy.types.Operator):
    """Show the next or the previous hypothesis of the gallery. Left and right walk the heads, up \
and down the expressions, while the OFER tab is open"""

    bl_idname = "ofer.step"
    bl_label = "Walk the Gallery"
    bl_options = {"REGISTER", "UNDO_GROUPED"}  # a walk is one undo step
    bl_undo_group = "ofer.step"

    kind: bpy.props.EnumProperty(
        name="Walk",
        items=(("IDENTITY", "Heads", ""), ("EXPRESSION", "Expressions", "")),
    )
    steps: bpy.props.IntProperty(name="Steps", default=1, description="Below 0: backwards")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not _tab_is_open(context):  # else the arrow keys keep their usual meaning
            cls.poll_message_set("Open the OFER tab of the sidebar to walk the gallery")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        walk(hypotheses.active_head(context), self.kind, self.steps)
        return {"FINISHED"}


class OFER_OT_browse(bpy.types.Operator):
    """Walk the gallery with the arrow keys, star and hide as you go; Enter keeps, Esc goes back"""

    bl_idname = "ofer.browse"
    bl_label = "Browse"
    bl_options = {"REGISTER", "UNDO", "BLOCKING"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._walk = Walk(hypotheses.active_head(context))
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

    def _say(self, context: bpy.types.Context, text: str | None) -> None:
        if context.area:
            context.area.header_text_set(text)
            context.area.tag_redraw()


class Walk:
    """What a press of a key does while browsing a head; Esc brings everything back as it was.

    Heads are found by name each time: a pointer would not live through an undo.
    """

    def __init__(self, head: bpy.types.Object) -> None:
        self._name = head.name
        self._before = (
            (head.ofer.identity_index, head.ofer.expression_index),
            [(i.favourite, i.hidden) for i in head.ofer.identities],
            {key.name: key.value for key in head.data.shape_keys.key_blocks},
            head.active_shape_key_index,
        )

    def press(self, key: str) -> str:
        """RUNNING_MODAL, FINISHED or CANCELLED."""
        head = bpy.data.objects.get(self._name)
        if head is None or not head.data.shape_keys:
            return "CANCELLED"
        if key in _WALKS:
            walk(head, *_WALKS[key])
        elif key in ("S", "H"):
            _mark(head, "favourite" if key == "S" else "hidden")
        elif key == "U":
            name = hypotheses.chosen_identity(head)
            if not hypotheses.is_basis(head, name) and hypotheses.key_exists(head, name):
                hypotheses.use_identity(head, name)
                express.ask_if_awake(head)
            return "FINISHED"
        elif key in _KEEP:
            return "FINISHED"
        else:
            self._go_back(head)
            return "CANCELLED"
        return "RUNNING_MODAL"

    def line(self) -> str:
        """What the header of the view says."""
        head = bpy.data.objects[self._name]
        listed = [i.name for i in head.ofer.identities if hypotheses.is_listed(head, i)]
        name = hypotheses.chosen_identity(head)
        item = head.ofer.identities[name]
        place = f"{listed.index(name) + 1} of {len(listed)}" if name in listed else "hidden"
        star = " ★" if item.favourite else ""
        keys = "← → heads   ↑ ↓ expressions   S star   H hide   U use   Enter keep   Esc back"
        return f"{hypotheses.caption(head, item)}{star}   ({place})      {keys}"

    def _go_back(self, head: bpy.types.Object) -> None:
        (identity, expression), marks, values, active = self._before
        head.ofer.identity_index, head.ofer.expression_index = identity, expression
        for item, (favourite, hidden) in zip(head.ofer.identities, marks, strict=True):
            item.favourite, item.hidden = favourite, hidden
        for name, value in values.items():
            head.data.shape_keys.key_blocks[name].value = value
        head.active_shape_key_index = active


_WALKS: Final = {
    "RIGHT_ARROW": ("IDENTITY", 1), "LEFT_ARROW": ("IDENTITY", -1),
    "DOWN_ARROW": ("EXPRESSION", 1), "UP_ARROW": ("EXPRESSION", -1),
    "PAGE_DOWN": ("IDENTITY", 5), "PAGE_UP": ("IDENTITY", -5),
}  # fmt: skip
_KEEP: Final = ("RET", "NUMPAD_ENTER", "LEFTMOUSE")
KEYS: Final = (*_WALKS, "S", "H", "U", *_KEEP, "ESC", "RIGHTMOUSE")


class OFER_OT_use_identity(bpy.types.Operator):
    """Make the chosen head the Basis of the mesh; the former Basis stays in the gallery"""

    bl_idname = "ofer.use_identity"
    bl_label = "Use This One"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(**_NAME)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        if hypotheses.is_basis(head, name):
            self.report({"INFO"}, f"{name} is the Basis already.")
            return {"CANCELLED"}
        if name not in head.ofer.identities or name not in head.data.shape_keys.key_blocks:
            self.report({"ERROR"}, f"{head.name} has no shape key {name!r} of an identity.")
            return {"CANCELLED"}
        hypotheses.use_identity(head, name)
        express.ask_if_awake(head)
        return {"FINISHED"}


class OFER_OT_remove_hypothesis(bpy.types.Operator):
    """Remove the hypothesis and its shape key"""

    bl_idname = "ofer.remove_hypothesis"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(**_NAME)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not no_head(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        if hypotheses.is_basis(head, name):
            self.report({"ERROR"}, f"{name} is the Basis of {head.name}. Use another one first.")
            return {"CANCELLED"}
        if name not in head.ofer.identities and name not in head.ofer.expressions:
            self.report({"ERROR"}, f"{head.name} has no hypothesis {name!r}.")
            return {"CANCELLED"}
        hypotheses.remove(head, name)
        return {"FINISHED"}


class OFER_OT_hide_others(bpy.types.Operator):
    """Leave only the starred heads in the gallery; nothing is deleted"""

    bl_idname = "ofer.hide_others"
    bl_label = "Hide All but Favourites"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not any(i.favourite for i in hypotheses.active_head(context).ofer.identities):
            cls.poll_message_set("Star the heads to keep first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        for item in hypotheses.active_head(context).ofer.identities:
            item.hidden = not item.favourite
        return {"FINISHED"}


class OFER_OT_unhide_all(bpy.types.Operator):
    """Bring all hidden heads back into the gallery"""

    bl_idname = "ofer.unhide_all"
    bl_label = "Show All Again"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not any(i.hidden for i in hypotheses.active_head(context).ofer.identities):
            cls.poll_message_set("No head is hidden")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        for item in hypotheses.active_head(context).ofer.identities:
            item.hidden = False
        return {"FINISHED"}


def walk(head: bpy.types.Object, kind: str, steps: int) -> None:
    """Show the hypothesis some steps on in the gallery; kind : "IDENTITY" or "EXPRESSION"."""
    settings = head.ofer
    if kind == "IDENTITY":
        settings.identity_index = hypotheses.neighbour(
            head, settings.identities, settings.identity_index, steps
        )
    else:
        settings.expression_index = (settings.expression_index + steps) % len(settings.expressions)


def _mark(head: bpy.types.Object, flag: str) -> None:
    """Turn a flag of the chosen head over; what was just hidden makes way for its neighbour."""
    item = head.ofer.identities[head.ofer.identity_index]
    setattr(item, flag, not getattr(item, flag))
    if item.hidden and flag == "hidden":
        walk(head, "IDENTITY", 1)


def _tab_is_open(context: bpy.types.Context) -> bool:
    """Our tab is what the sidebar of this view shows; always true without a window. Over the
    timeline and other editors the arrow keys are theirs."""
    if context.area is None:
        return True
    if context.area.type != "VIEW_3D":
        return False
    sidebar = next(region for region in context.area.regions if region.type == "UI")
    return sidebar.active_panel_category == TAB


CLASSES = (
    OFER_OT_show,
    OFER_OT_step,
    OFER_OT_browse,
    OFER_OT_use_identity,
    OFER_OT_remove_hypothesis,
    OFER_OT_hide_others,
    OFER_OT_unhide_all,
)
