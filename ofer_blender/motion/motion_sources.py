"""What moves a head in the scene: actions and tracks, on it or on what drives it, and drivers that
read the frame; and from when to when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import bpy

from ..rig import body

_FRAME: Final = re.compile(r"\bframe\b")
"""What a driver's expression calls the scene's frame."""


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
        strips = [strip for track in animation.nla_tracks for strip in track.strips]
        found += [each for strip in strips for each in _actions_of(strip)]
        found += [animation.action] if animation.action else []
    return tuple(dict.fromkeys(each.name for each in found))


def span_of(head: bpy.types.Object) -> Span | None:
    """From the frame of the scene that shows the first of what animates a head to that of the last
    (its time may be remapped); the scene's own, where drivers that read its frame do so alone; None
    where nothing does."""
    owners, scene = _owners(head), bpy.context.scene
    spans = [span for owner in owners for _, span in _played(owner)]
    if spans:
        stretch = scene.render.frame_map_new / scene.render.frame_map_old
        first, last = min(each.first for each in spans), max(each.last for each in spans)
        return Span(first * stretch, last * stretch)
    if any(_reads_frame(curve) for owner in owners for curve in _drivers(owner)):
        return Span(scene.frame_start, scene.frame_end)
    return None


def readers_of(scene: bpy.types.Scene, head: bpy.types.Object) -> list[bpy.types.DriverTarget]:
    """Where drivers of what moves a head name a scene, those of the scene itself left out."""
    curves = [curve for owner in _owners(head) if owner != scene for curve in _drivers(owner)]
    return targets_of(curves, scene)


def targets_of(
    curves: Iterable[bpy.types.FCurve], scene: bpy.types.Scene
) -> list[bpy.types.DriverTarget]:
    """Where drivers name a scene."""
    targets = [target for curve in curves for target in _single_targets(curve)]
    return [each for each in targets if each.id == scene]


def _owners(head: bpy.types.Object) -> tuple[bpy.types.ID, ...]:
    """The keys, the rig, and whatever moves them at however many removes: what drives them, what
    their bones look at or copy, what that hangs on, and what drives that."""
    armature = body.carrier_of(head)
    found: dict[bpy.types.ID, None] = {}
    waiting: list[bpy.types.ID | None] = [head.data.shape_keys, armature]
    while waiting:
        owner = waiting.pop()
        if owner is None or owner in found:
            continue
        found[owner] = None
        for curve in _drivers(owner):
            waiting += _read_by(curve)
        if isinstance(owner, bpy.types.Object):
            waiting += _looked_at(owner)
            if owner != armature or any(bone.constraints for bone in armature.pose.bones):
                waiting += _carrying(owner)
    return tuple(found)


def _read_by(curve: bpy.types.FCurve) -> list[bpy.types.ID | None]:
    """What the variables of a driver read; one of the context, the scene that is shown."""
    found, shown = [], bpy.context.scene
    for variable in curve.driver.variables:
        by_context = variable.type == "CONTEXT_PROP"
        found += [shown if by_context else each.id for each in variable.targets]
    return found


def _looked_at(thing: bpy.types.Object) -> list[bpy.types.ID | None]:
    """What the bones of an object look at or copy."""
    bones = thing.pose.bones if thing.pose else ()
    return [each for bone in bones for each in _targets(bone.constraints)]


def _carrying(thing: bpy.types.Object) -> list[bpy.types.ID | None]:
    """What moves an object in the scene, or what it is made of, such as a path's curve."""
    keys = getattr(thing.data, "shape_keys", None)
    return [thing.parent, thing.data, keys, *_targets(thing.constraints)]


def _targets(constraints: bpy.types.bpy_prop_collection) -> list[bpy.types.ID | None]:
    found = []
    for each in constraints:
        found += [getattr(each, "target", None), getattr(each, "pole_target", None)]
        found += [several.target for several in getattr(each, "targets", ())]
    return found


def _animation(owner: bpy.types.ID) -> bpy.types.AnimData | None:
    """Pictures, texts and collections, which a driver may read, have none."""
    return getattr(owner, "animation_data", None)


def _drivers(owner: bpy.types.ID) -> list[bpy.types.FCurve]:
    animation = _animation(owner)
    return list(animation.drivers) if animation else []


def _reads_frame(curve: bpy.types.FCurve) -> bool:
    """Time itself moves what it drives."""
    driver = curve.driver
    if curve.mute:
        return False
    named = any(variable.name == "frame" for variable in driver.variables)
    if driver.type == "SCRIPTED" and not named and _FRAME.search(driver.expression):
        return True
    return any(map(_is_frame, _single_targets(curve)))


def _single_targets(curve: bpy.types.FCurve) -> list[bpy.types.DriverTarget]:
    """Of its variables that read a property of a datablock, or of the scene that is shown."""
    kinds = ("SINGLE_PROP", "CONTEXT_PROP")
    return [each.targets[0] for each in curve.driver.variables if each.type in kinds]


def _is_frame(target: bpy.types.DriverTarget) -> bool:
    return target.data_path.startswith("frame_current")


def _played(owner: bpy.types.ID) -> Iterator[tuple[bpy.types.Action, Span]]:
    animation = _animation(owner)
    if animation is None:
        return
    if animation.action:
        yield animation.action, Span(*animation.action.frame_range)
    for track in animation.nla_tracks if animation.use_nla else ():
        for strip in track.strips:
            for action in () if track.mute or strip.mute else _actions_of(strip):
                yield action, Span(strip.frame_start, strip.frame_end)


def _actions_of(strip: bpy.types.NlaStrip) -> Iterator[bpy.types.Action]:
    """That of a strip, or those of the strips that were grouped as one."""
    if strip.action:
        yield strip.action
    for inner in strip.strips:
        yield from _actions_of(inner)
