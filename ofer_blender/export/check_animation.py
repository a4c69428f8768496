"""Whether what a head does over time goes along, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from ...ofer_engine.contract.sentence import Sentence
from ..head import helper_keys
from ..motion.motion_sources import action_names, actions
from . import animation
from .animation import Animation
from .content import FileAnimation, FileContent
from .finding import AGAIN, Finding, Level, listed
from .plan import Keys, Plan
from .shapes import chosen

_LOOKED_AT: Final = 5
"""Frames of an animation that are compared, the first and the last included."""
_WEIGHT: Final = 1e-3
_ANGLE: Final = 1e-3
"""Radians; 0.1 mm on a head."""
_SECONDS: Final = 1e-3


def before(head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """What moves the head, and whether that is in the file."""
    names = set(action_names(head))
    found = animation.times(head, plan)
    if found:
        frames, rate = found
        taken = {each.name for each in actions(head)}
        names -= taken
        moved = listed(sorted(taken)) or Sentence("drivers that read the frame")
        if _moves(head, plan, frames):
            yield Finding(
                Level.GOOD,
                Sentence(
                    "The animation is exported: {moved}; {frames} frames, {rate} a second.",
                    moved=moved,
                    frames=len(frames),
                    rate=f"{rate:g}",
                ),
            )
        else:
            what = Sentence(
                "The animation moves nothing that is in the file: {moved}.",
                moved=moved,
            )
            yield Finding(Level.NOTE, what)
        yield from _outside(head, plan, frames)
    if names:
        chosen_off = not plan.animation and (plan.preset.keys or plan.preset.rig)
        yield Finding(
            Level.NOTE,
            Sentence("Animation that is not exported: {moved}.", moved=listed(sorted(names))),
            "ofer.export_animation" if chosen_off else "",
        )


def _moves(head: bpy.types.Object, plan: Plan, frames: np.ndarray) -> bool:
    """The file gets an animation; mostly a few frames tell."""
    some = animation.at(head, plan, _few(frames), 1.0)
    return some.moves or animation.sample(head, plan) is not None


def _outside(head: bpy.types.Object, plan: Plan, frames: np.ndarray) -> Iterator[Finding]:
    """Keys that move and do not travel."""
    if not plan.preset.keys:
        return
    everything = replace(plan, keys=Keys.ALL)
    moving = animation.at(head, everything, _few(frames), 1.0).moving_keys
    there = {source for source, _ in chosen(head, plan)}
    left = [name for name in head.data.shape_keys.key_blocks.keys() if name in moving - there]
    jaw = helper_keys.names(head, helper_keys.JAW)
    left = [name for name in left if name not in jaw]
    if left:
        what = Sentence("Keys that move are not in the file: {left}.", left=listed(left))
        yield Finding(Level.NOTE, what)


def after(file: FileContent, head: bpy.types.Object, plan: Plan) -> Iterator[Finding]:
    """Whether the file does what the scene does, at five times from the first to the last."""
    found = animation.times(head, plan)
    if not found:
        return
    frames, rate = found
    seconds = _few(np.arange(len(frames)) / rate)
    wanted = animation.at(head, plan, _few(frames), rate)
    if not wanted.moves:
        return
    if len(file.animations) != 1:
        yield Finding(Level.FAULT, "The animation is not in the file.", AGAIN)
        return
    (read,) = file.animations
    if not abs(read.seconds - seconds[-1]) <= _SECONDS:  # also catches NaN
        what = Sentence(
            "The animation lasts {read} s in the file, and {wanted} s here.",
            read=f"{read.seconds:.2f}",
            wanted=f"{seconds[-1]:.2f}",
        )
        yield Finding(Level.FAULT, what, AGAIN)
        return
    called = dict(chosen(head, plan))
    off = [*_weights_off(read, wanted, seconds, called, plan), *_turns_off(read, wanted, seconds)]
    if off:
        what = Sentence("The animation in the file differs: {off}.", off=listed(off))
        yield Finding(Level.FAULT, what, AGAIN)
        return
    yield Finding(
        Level.GOOD,
        Sentence(
            "Animation of {seconds} s, read back at {count} times.",
            seconds=f"{read.seconds:.2f}",
            count=len(seconds),
        ),
    )


def _few(values: np.ndarray) -> np.ndarray:
    """(5,) or fewer of values (F,), evenly."""
    places = np.linspace(0, len(values) - 1, _LOOKED_AT).round().astype(int)
    return values[np.unique(places)]


def _weights_off(
    read: FileAnimation,
    wanted: Animation,
    seconds: np.ndarray,
    called: dict[str, str],
    plan: Plan,
) -> list[str]:
    """Keys whose weights differ; what is baked stands still at 0."""
    off = []
    for name, values in zip(wanted.keys, wanted.weights.T, strict=True):
        if plan.bake and name not in wanted.moving_keys:
            continue
        curve = read.weights.get(called[name])
        seen = [float(curve.at(time)[0]) if curve else 0.0 for time in seconds]
        if not np.abs(values - seen).max() <= _WEIGHT:
            off.append(called[name])
    return off


def _turns_off(read: FileAnimation, wanted: Animation, seconds: np.ndarray) -> list[str]:
    """Bones that turn by another angle since the first frame; files differ in the bones' axes."""
    off = []
    for name, poses in zip(wanted.bones, np.swapaxes(wanted.poses, 0, 1), strict=True):
        turns = [Matrix(pose.tolist()).to_quaternion() for pose in poses]
        curve = read.turns.get(name)
        seen = [Quaternion(curve.at(time)) if curve else Quaternion() for time in seconds]
        if not np.abs(np.subtract(_angles(turns), _angles(seen))).max() <= _ANGLE:
            off.append(name)
    return off


def _angles(turns: list[Quaternion]) -> list[float]:
    """Radians between each and the first."""
    return [turns[0].normalized().rotation_difference(each.normalized()).angle for each in turns]
