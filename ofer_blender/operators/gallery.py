"""Walking the gallery of the active head, and choosing from it."""

from __future__ import annotations

from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.sentence import Sentence
from .. import compat
from ..head import gallery_order, hypotheses, parts, shaping
from ..translations import CONTEXT, tr, translate
from . import express
from .look import head_in_view
from .refusal import OnHead, check_identity, no_head

_NAME: Final = {
    "name": "Hypothesis",
    "description": "Its name, such as identity_03. Empty: the one chosen in the gallery",
    "options": {"SKIP_SAVE"},
}
TAB: Final = "OFER"


class _Walking:
    @property
    def changes_surface(self) -> bool:
        """Walked with a key held down: the mesh is kept only where pins bring it along."""
        head = hypotheses.active_head(bpy.context)
        return bool(head and head.ofer.pins)


class OFER_OT_show(_Walking, OnHead, bpy.types.Operator):
    """Show a hypothesis of the active head in the viewport"""

    bl_idname = "ofer.show"
    bl_label = "Show Hypothesis"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Hypothesis", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = head_in_view(context)
        for items, index in (
            (head.ofer.identities, "identity_index"),
            (head.ofer.expressions, "expression_index"),
        ):
            place = items.find(self.name)
            if place >= 0:
                setattr(head.ofer, index, place)  # which shows it
                return {"FINISHED"}
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} has no hypothesis {name_2}.",
            name=head.name,
            name_2=repr(self.name),
        )


class OFER_OT_step(_Walking, bpy.types.Operator):
    """Show the next or the previous hypothesis of the gallery. Left and right walk the heads, up \
and down the expressions, while the OFER tab is open"""

    bl_idname = "ofer.step"
    bl_label = "Walk the Gallery"
    bl_options = {"REGISTER", "UNDO_GROUPED"}  # a walk is one undo step
    bl_undo_group = "ofer.step"

    kind: bpy.props.EnumProperty(
        name="Walk",
        items=(("IDENTITY", "Heads", ""), ("EXPRESSION", "Expressions", "")),
        translation_context=CONTEXT,
    )
    steps: bpy.props.IntProperty(
        name="Steps", default=1, description="Below 0: backwards", translation_context=CONTEXT
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if no_head(cls, context):
            return False
        if not _tab_is_open(context):  # else the arrow keys keep their usual meaning
            cls.poll_message_set(tr("Open the OFER tab of the sidebar to walk the gallery"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        compat.make_undo_ready()
        walk(head_in_view(context), self.kind, self.steps)
        return {"FINISHED"}


class OFER_OT_use_identity(OnHead, bpy.types.Operator):
    """Make the chosen head the Basis of the mesh; the former Basis stays in the gallery"""

    bl_idname = "ofer.use_identity"
    bl_label = "Use This One"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(**_NAME)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        if hypotheses.is_basis(head, name):
            self.report({"INFO"}, translate(Sentence("{name} is the Basis already.", name=name)))
            return {"CANCELLED"}
        check_identity(head, name)
        hypotheses.use_identity(head_in_view(context), name)
        express.ask_if_awake(head, "use_identity")
        return {"FINISHED"}


class OFER_OT_remove_hypothesis(OnHead, bpy.types.Operator):
    """Remove the hypothesis and its shape key"""

    bl_idname = "ofer.remove_hypothesis"
    bl_label = "Remove"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(**_NAME)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = hypotheses.active_head(context)
        name = self.name or hypotheses.chosen_identity(head)
        if hypotheses.is_basis(head, name):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} is the Basis of {name_2}. Use another one first.",
                name=name,
                name_2=head.name,
            )
        if name not in head.ofer.identities and name not in head.ofer.expressions:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} has no hypothesis {name_2}.",
                name=head.name,
                name_2=repr(name),
            )
        if parts.taken_from(head, name):
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} has a part of {name_2}.",
                "Give that part back first, or hide the head by its eye.",
                name=head.name,
                name_2=name,
            )
        hypotheses.remove(head, name)
        shaping.follow(head)
        return {"FINISHED"}


class OFER_OT_sort_gallery(OnHead, bpy.types.Operator):
    """Put the heads of the gallery in another order; their numbers stay"""

    bl_idname = "ofer.sort_gallery"
    bl_label = "Sort"
    bl_options = {"REGISTER", "UNDO"}

    by: bpy.props.EnumProperty(name="By", items=gallery_order.ORDERS, translation_context=CONTEXT)

    def execute(self, context: bpy.types.Context) -> set[str]:
        gallery_order.sort(hypotheses.active_head(context), self.by)
        return {"FINISHED"}


class OFER_OT_hide_others(bpy.types.Operator):
    """Leave only the starred heads in the gallery; nothing is deleted"""

    bl_idname = "ofer.hide_others"
    bl_label = "Hide All but Favourites"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _any_head(cls, context, "favourite", tr("Star the heads to keep first"))

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
        return _any_head(cls, context, "hidden", tr("No head is hidden"))

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
        places = hypotheses.listed_expressions(head)
        now = places.index(settings.expression_index)
        settings.expression_index = places[(now + steps) % len(places)]


def _any_head(
    operator: type[bpy.types.Operator], context: bpy.types.Context, mark: str, reason: str
) -> bool:
    """Some head of the gallery bears a mark; else `reason` greys the button."""
    if no_head(operator, context):
        return False
    if any(getattr(each, mark) for each in hypotheses.active_head(context).ofer.identities):
        return True
    operator.poll_message_set(reason)
    return False


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
    OFER_OT_use_identity,
    OFER_OT_remove_hypothesis,
    OFER_OT_sort_gallery,
    OFER_OT_hide_others,
    OFER_OT_unhide_all,
)
