"""What a head does over time, as a file carries it: the weights of its keys and the turns of its
bones, frame by frame, whatever moves them in the scene (actions, tracks, drivers, constraints).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ...ofer_engine.contract.errors import ErrorCode, OferError
from ..motion.motion_sources import Span, span_of
from ..motion.stand_in import stand_in
from . import skeleton
from .applied import rig_in_file
from .plan import Frames, Plan
from .shapes import chosen

_STILL: Final = 1e-6
_MOST: Final = 1 << 28
"""Numbers of an animation: an hour of all keys and bones has a hundredth."""
_MOST_FRAMES: Final = 1 << 18
"""Over an hour at 60 a second; a single key left far out would hold Blender up for as long."""
_ENDLESS: Final = 1e15
_NO_SIZE: Final = 1e-15
"""Determinant of a bone that was scaled by less than a hundred-thousandth."""


@dataclass(frozen=True, eq=False)
class Animation:
    """name : of what moves the head; rate : frames a second; keys : names in the scene, and
    weights : (F, K) of them, 0 where muted; bones : names, and poses : (F, B, 4, 4), how each is
    moved against its rest, in its own axes and the rig's unit."""

    name: str
    rate: float
    keys: tuple[str, ...]
    weights: np.ndarray
    bones: tuple[str, ...]
    poses: np.ndarray

    @property
    def frames(self) -> int:
        """How many there are, the last included."""
        return len(self.weights)

    @property
    def moving_keys(self) -> frozenset[str]:
        """Keys whose weights change."""
        changes = np.ptp(self.weights, axis=0) > _STILL
        return frozenset(name for name, each in zip(self.keys, changes, strict=True) if each)

    @property
    def moves(self) -> bool:
        """Anything changes."""
        return bool(self.moving_keys) or bool((np.ptp(self.poses, axis=0) > _STILL).any())


def times(head: bpy.types.Object, plan: Plan) -> tuple[np.ndarray, float] | None:
    """(F,) frames of the scene, fractions included, that the file's frames show, and its frames a
    second; None where the plan wants no animation, its file has none, or nothing animates the head
    for longer than a frame.

    Raises OferError(BAD_REQUEST) for more frames than a file can have.
    """
    span = span_of(head) if plan.animates else None
    if span is None:
        return None
    scene = bpy.context.scene
    if plan.frames is Frames.SCENE:
        span = Span(scene.frame_start, scene.frame_end)
    own = scene.render.fps / scene.render.fps_base
    rate = float(plan.rate) or own
    step = own / rate
    length = (span.last - span.first) / step
    count = math.ceil((length if length < _ENDLESS else _ENDLESS) - 1e-6) + 1
    if count < 2:
        return None
    width = len(head.data.shape_keys.key_blocks) + 16 * _bones(head, plan)
    if count > _MOST_FRAMES or count * width > _MOST:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{count} frames are more than a file can hold.",
            "Choose fewer frames or a lower rate.",
            count=count,
        )
    return span.first + np.arange(count) * step, rate


def sample(head: bpy.types.Object, plan: Plan) -> Animation | None:
    """The animation that the plan's file gets; None where nothing changes. As `times`."""
    found = times(head, plan)
    if found is None:
        return None
    frames, rate = found
    animation = at(head, plan, frames, rate)
    if not animation.moves:
        return None
    return _without_baked(animation) if plan.bake else animation


def _without_baked(animation: Animation) -> Animation:
    """Keys that stand still are in the neutral shape already."""
    moving = [name in animation.moving_keys for name in animation.keys]
    return replace(animation, weights=np.where(moving, animation.weights, np.float32(0)))


def at(head: bpy.types.Object, plan: Plan, frames: np.ndarray, rate: float) -> Animation:
    """What the head does at frames (F,) of the scene; the scene itself goes to none of them."""
    armature = rig_in_file(head, plan)
    keys = tuple(source for source, _ in chosen(head, plan))
    above = skeleton.parents(armature) if armature else {}
    bones = tuple(above)
    weights = np.zeros((len(frames), len(keys)), np.float32)
    poses = np.zeros((len(frames), len(bones), 4, 4), np.float32)
    with stand_in(head, armature) as (scene, layer):
        for row, frame in enumerate(frames.tolist()):
            whole = math.floor(frame)
            scene.frame_set(whole, subframe=min(frame - whole, 0.999999))
            blocks = head.evaluated_get(layer.depsgraph).data.shape_keys.key_blocks
            weights[row] = [_weight(blocks[name]) for name in keys]
            if armature:
                posed = armature.evaluated_get(layer.depsgraph).pose.bones
                poses[row] = np.array([_against_rest(posed, name, above[name]) for name in bones])
    return Animation(_name(head), rate, keys, weights, bones, poses)


def _weight(key: bpy.types.ShapeKey) -> float:
    return 0.0 if key.mute else key.value


def _against_rest(posed: bpy.types.bpy_prop_collection, name: str, above: str) -> Matrix:
    """What a bone's channels would have to be without constraints, hung on the one above; as they
    are where that is scaled to nothing, which nothing undoes."""
    bone, parent = posed[name], posed[above] if above else None
    rest = bone.bone
    if parent is None:
        return rest.matrix_local.inverted() @ bone.matrix
    if abs(parent.matrix.determinant()) < _NO_SIZE:
        return bone.matrix_basis
    hung = parent.bone.matrix_local.inverted() @ rest.matrix_local
    return hung.inverted() @ parent.matrix.inverted() @ bone.matrix


def _bones(head: bpy.types.Object, plan: Plan) -> int:
    armature = rig_in_file(head, plan)
    return len(armature.data.bones) if armature else 0


def _name(head: bpy.types.Object) -> str:
    """Of the action on the keys, else of that on the bones."""
    armature = head.parent
    for owner in (head.data.shape_keys, armature):
        animation = owner.animation_data if owner else None
        if animation and animation.action:
            return animation.action.name
    return head.name
