"""What moves a head in the scene: actions and tracks, on it or on what drives it, and from when to
when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import bpy

from ..rig import body


@dataclass(frozen=True)
class Span:
    """first, last : frames of the scene."""

    first: float
    last: float


def actions(head: bpy.types.Object) -> tuple[bpy.types.Action, ...]:
    """Those that move the keys of a head or its bones, by whatever way."""
    found = [action for owner in _owners(head) for action, _ in _played(owner)]
    return tuple(dict.fromkeys(found))


def action_names(head: bpy.types.Object) -> tuple[str, ...]:
    """Names of all actions of a head, its keys and its rig, silent tracks included, and of what
    moves them."""
    owners = (head.data.shape_keys, head, body.carrier_of(head))
    animations = [each.animation_data for each in owners if each and each.animation_data]
    found = list(actions(head))
    for animation in animations:
        strips = [strip.action for track in animation.nla_tracks for strip in track.strips]
        found += [each for each in (animation.action, *strips) if each]
    return tuple(dict.fromkeys(each.name for each in found))


def span_of(head: bpy.types.Object) -> Span | None:
    """From the first frame of what animates a head to the last; None where nothing does."""
    spans = [span for owner in _owners(head) for _, span in _played(owner)]
    if not spans:
        return None
    return Span(min(each.first for each in spans), max(each.last for each in spans))


def _owners(head: bpy.types.Object) -> tuple[bpy.types.ID, ...]:
    """The keys, the rig, what drives them, and what its bones look at or copy."""
    armature = body.carrier_of(head)
    moved = [each for each in (head.data.shape_keys, armature) if each]
    found: list[bpy.types.ID | None] = list(moved)
    for owner in moved:
        for curve in owner.animation_data.drivers if owner.animation_data else ():
            found += [target.id for each in curve.driver.variables for target in each.targets]
    for bone in armature.pose.bones if armature else ():
        found += [getattr(each, "target", None) for each in bone.constraints]
    return tuple(dict.fromkeys(each for each in found if each))


def _played(owner: bpy.types.ID) -> Iterator[tuple[bpy.types.Action, Span]]:
    animation = owner.animation_data
    if animation is None:
        return
    if animation.action:
        yield animation.action, Span(*animation.action.frame_range)
    for track in animation.nla_tracks if animation.use_nla else ():
        for strip in track.strips:
            if strip.action and not (track.mute or strip.mute):
                yield strip.action, Span(strip.frame_start, strip.frame_end)
