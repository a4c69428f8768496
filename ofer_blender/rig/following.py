"""What a head follows already, so that a rig of its own would take it away or move it twice."""

from __future__ import annotations

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError


def check_free(head: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST), naming what the head follows: an armature by its parent, its
    bone, a modifier, or anything by a constraint."""
    if armature := _armature(head):
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} follows the armature {name_2} already.",
            "Take it off that armature first: clear the parent and remove the modifier.",
            name=head.name,
            name_2=armature.name,
        )
    check_unheld(head)


def check_unheld(head: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST), naming a constraint that holds the head."""
    for constraint in head.constraints:
        if constraint.enabled and constraint.influence:
            raise OferError(
                ErrorCode.BAD_REQUEST,
                "{name} is held by its constraint {name_2}.",
                "Apply that constraint or remove it first.",
                name=head.name,
                name_2=constraint.name,
            )


def _armature(head: bpy.types.Object) -> bpy.types.Object | None:
    followed = [head.parent] if head.parent else []
    followed += [each.object for each in head.modifiers if each.type == "ARMATURE" and each.object]
    for constraint in head.constraints:
        followed += [target for target in _targets(constraint) if target]
    return next((each for each in followed if each.type == "ARMATURE"), None)


def _targets(constraint: bpy.types.Constraint) -> list[bpy.types.Object | None]:
    if constraint.type == "ARMATURE":
        return [each.target for each in constraint.targets]
    return [getattr(constraint, "target", None)]
