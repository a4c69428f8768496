"""What hangs on a head's own rig, and would lose its hold if the rig were taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..head import helper_keys, lookup
from ..undo.likeness import custom
from . import rig

_HOLDING: Final = (
    bpy.types.Collection, bpy.types.Scene, bpy.types.Screen, bpy.types.WindowManager,
    bpy.types.WorkSpace,
)  # fmt: skip
"""Kinds of datablocks that only show or list an object."""


def check_bare(head: bpy.types.Object, own: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST), naming what hangs on a head's rig besides the head: whatever
    refers to it or to what its eyes look at, bones and constraints that an artist gave it, and
    custom properties."""
    hung = dict.fromkeys((*_users(head, own), *_of_the_head(head, own), *_added(own)))
    if hung:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "The body's bones would replace {name}, and what hangs on it would be lost: {hung}.",
            "Hang that on the body, or remove it, first.",
            name=own.name,
            hung=", ".join(hung),
        )


def gaze_of(own: bpy.types.Object) -> bpy.types.Object | None:
    """The empty that came with a rig for its eyes to look at."""
    target = rig.aim_target(own)
    return target if target and target.name == f"{own.name} gaze" else None


def _users(head: bpy.types.Object, own: bpy.types.Object) -> Iterator[str]:
    """Names of all that refers to the rig, in whatever way."""
    removed = {each for each in (own, own.data, gaze_of(own)) if each}
    known = {*removed, head, head.data.shape_keys}
    found = bpy.data.user_map(subset=removed)  # pyright: ignore[reportCallIssue]
    for block, users in found.items():
        for user in sorted(users - known, key=lambda each: each.name):
            keeps = block == own.data == getattr(user, "data", None)  # a second rig of that data
            if not (keeps or isinstance(user, _HOLDING)) and lookup.in_a_scene(user):
                yield user.name


def _of_the_head(head: bpy.types.Object, own: bpy.types.Object) -> Iterator[str]:
    """What an artist gave the head that reads the rig: modifiers, and drivers of it and its keys.
    Those of the rig itself go with it."""
    for modifier in head.modifiers:
        if modifier.name == rig.MODIFIER:
            continue
        pointers = [p.identifier for p in modifier.bl_rna.properties if p.type == "POINTER"]
        read = [getattr(modifier, name) for name in pointers]
        read += [modifier[name] for name in modifier.keys()] if modifier.type == "NODES" else []
        if own in read:
            yield modifier.name
    jaw = helper_keys.names(head, helper_keys.JAW)
    for owner in (head, head.data.shape_keys):
        for curve in owner.animation_data.drivers if owner.animation_data else ():
            targets = [each for v in curve.driver.variables for each in v.targets]
            ours = any(f'"{name}"' in curve.data_path for name in jaw)
            if not ours and any(each.id in (own, own.data) for each in targets):
                yield curve.data_path


def _added(own: bpy.types.Object) -> Iterator[str]:
    """Bones, constraints and properties that an artist gave a rig."""
    yield from (bone.name for bone in own.data.bones if bone.name not in rig.BONES)
    for bone in own.pose.bones:
        yield from (c.name for c in bone.constraints if c.name not in (rig.AIM, rig.FOLLOW))
    for each in (own, own.data, *own.pose.bones):
        yield from custom(each)
