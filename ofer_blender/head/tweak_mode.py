"""Tweak mode of the NLA, in which Blender lets nobody change which action animates a datablock."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError


def check_left(name: str, *owners: bpy.types.ID | None) -> None:
    """Raises OferError(BAD_REQUEST) where a strip of one of these datablocks is being tweaked.
    name : of the object, as the user knows it."""
    for owner in owners:
        animation = getattr(owner, "animation_data", None)
        if animation and animation.use_tweak_mode:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "A strip of {name} is in tweak mode: nothing can be animated anew meanwhile.",
                "Leave tweak mode first: press Tab in the editor Nonlinear Animation.",
                name=name,
            )
