"""An expression kept as an action, so that the head can go back to neutral."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import hypotheses, shaping, tweak_mode
from . import arkit_keys


def keep(head: bpy.types.Object) -> bpy.types.Action:
    """An action, marked as an asset, that brings back what the face does now; then all of it is 0.

    It keys the 52 units where the head has them, and the expressions that are on. What the head
    was animated by stays its animation. Raises OferError(BAD_REQUEST) on a neutral face, and in
    tweak mode of the NLA.
    """
    tweak_mode.check_left(head.name, head.data.shape_keys)
    keys = _moving(head)
    if not any(key.value for key in keys):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The face of {name} is neutral: there is nothing to keep.",
            "Choose an expression, or move one of its keys, first.",
            name=head.name,
        )
    owner = head.data.shape_keys
    had = owner.animation_data is not None
    animation = owner.animation_data_create()
    before, slot = animation.action, getattr(animation, "action_slot", None)
    action = bpy.data.actions.new(_name(head))
    animation.action = action
    for key in keys:
        key.keyframe_insert("value", frame=1)
    animation.action = before
    if slot is not None:
        animation.action_slot = slot
    if not had:
        owner.animation_data_clear()
    action.use_fake_user = True
    action.asset_mark()
    action.asset_data.description = f"What the photo of {head.name} shows, as shape key values"
    relax(head)
    return action


def relax(head: bpy.types.Object) -> None:
    """The face goes back to neutral; the identity stays."""
    head.ofer.expression_index = 0  # which shows it, and with it the pinned ones
    for key in _moving(head):
        if key.value:
            key.value = 0.0
    shaping.follow_expression(head)


def _moving(head: bpy.types.Object) -> list[bpy.types.ShapeKey]:
    """The keys of expressions and units."""
    names = {item.name for item in head.ofer.expressions} | set(arkit_keys.present(head))
    return [key for key in head.data.shape_keys.key_blocks if key.name in names]


def _name(head: bpy.types.Object) -> str:
    chosen = hypotheses.chosen_expression(head)
    return f"{head.name} {chosen}" if chosen != hypotheses.NEUTRAL else f"{head.name} face"
