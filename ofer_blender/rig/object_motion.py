"""What moves a head as a whole: an action, tracks or drivers of its place, turn and size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

from ...ofer_engine.contract.errors import ErrorCode, OferError
from .. import compat

_TURNS: Final = ("rotation_euler", "rotation_quaternion", "rotation_axis_angle")
_CHANNELS: Final = ("rotation_mode", "location", *_TURNS, "scale")
_DELTAS: Final = {
    "delta_location": (0.0, 0.0, 0.0),
    "delta_rotation_euler": (0.0, 0.0, 0.0),
    "delta_rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "delta_scale": (1.0, 1.0, 1.0),
}
"""Property → what moves nothing."""


def check_still(head: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST), naming what moves the head as a whole."""
    if found := [*_own(head), *_tracks(head)]:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is moved by its own animation, {what}: it would leave the body.",
            "Delete the keyframes, tracks or drivers of its location, rotation and scale first.",
            name=head.name,
            what=", ".join(dict.fromkeys(found)),
        )


def check_no_tracks(head: bpy.types.Object) -> None:
    """Raises OferError(BAD_REQUEST), naming tracks that move the head as a whole: they stay its
    own, and `hand_over` cannot take them along."""
    if found := [*_tracks(head)]:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} is moved by its NLA tracks, {what}: with a rig it would move twice.",
            "Bake these tracks into an action, or delete them, first.",
            name=head.name,
            what=", ".join(dict.fromkeys(found)),
        )


def hand_over(head: bpy.types.Object, carrier: bpy.types.Object) -> None:
    """Let a carrier that has the head's parent be moved as the head is, in its place; the head then
    stands at its origin. Nothing happens to a head that nothing moves."""
    if not any(_own(head)):
        return
    for name in (*_CHANNELS, *_DELTAS):
        setattr(carrier, name, getattr(head, name))
    for name, still in _DELTAS.items():
        setattr(head, name, still)
    _hand_over_action(head, carrier)
    _hand_over_drivers(head, carrier)
    animation = head.animation_data
    if not (animation.action or animation.drivers or animation.nla_tracks):
        head.animation_data_clear()


def _hand_over_action(head: bpy.types.Object, carrier: bpy.types.Object) -> None:
    """What the action does besides stays with the head, in a copy."""
    made = compat.curves_of(head)
    if not any(map(_moves, made)):
        return
    compat.share_action(head, carrier)
    if all(map(_moves, made)):
        head.animation_data.action = None
        return
    head.animation_data.action.use_fake_user = True  # or saving would drop it
    for owner, moving in ((carrier, True), (head, False)):
        _, copied = compat.copied_action(owner, owner.name)
        for curve in [each for each in copied if _moves(each) != moving]:
            copied.remove(curve)


def _hand_over_drivers(head: bpy.types.Object, carrier: bpy.types.Object) -> None:
    for curve in [each for each in head.animation_data.drivers if _moves(each)]:
        given = carrier.animation_data_create().drivers.from_existing(src_driver=curve)
        for variable in given.driver.variables:
            for target in variable.targets:
                reads = variable.type == "SINGLE_PROP" and not _is_motion(target.data_path)
                if target.id == head and not reads:
                    target.id = carrier
        head.driver_remove(curve.data_path, curve.array_index)


def _own(head: bpy.types.Object) -> Iterator[str]:
    """Names of the action and the drivers that move an object."""
    animation = head.animation_data
    if any(map(_moves, compat.curves_of(head))):
        yield animation.action.name
    yield from (each.data_path for each in _drivers(head) if _moves(each))


def _tracks(head: bpy.types.Object) -> Iterator[str]:
    """Names of the tracks that move an object; silent ones do not."""
    animation = head.animation_data
    for track in animation.nla_tracks if animation and animation.use_nla else ():
        strips = () if track.mute else track.strips
        if any(map(_moves, (curve for strip in strips for curve in compat.curves_of_strip(strip)))):
            yield track.name


def _drivers(head: bpy.types.Object) -> list[bpy.types.FCurve]:
    return list(head.animation_data.drivers) if head.animation_data else []


def _moves(curve: bpy.types.FCurve) -> bool:
    return _is_motion(curve.data_path)


def _is_motion(path: str) -> bool:
    name = path.partition("[")[0]
    return name in _CHANNELS or name in _DELTAS
