"""An animation on the copies that go into a file."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from .. import compat
from ..motion.curves import fill
from .animation import Animation

REST: Final = -1
"""The frame at which everything rests; the animation begins at 0."""
_CHANNELS: Final = (("location", 3), ("rotation_quaternion", 4), ("scale", 3))
_SIZE: Final = slice(7, 10)
_AT_REST: Final = np.array((0, 0, 0, 1, 0, 0, 0, 1, 1, 1), np.float64)
_STILL: Final = 1e-6


def set_up(scene: bpy.types.Scene, animation: Animation) -> None:
    """Give a scene the frames of an animation, and let it rest."""
    scene.frame_start, scene.frame_end = 0, animation.frames - 1
    whole = round(animation.rate)
    exact = abs(animation.rate - whole) < 1e-6
    scene.render.fps = whole if exact else max(round(animation.rate + 0.5), 1)
    scene.render.fps_base = scene.render.fps / animation.rate
    scene.frame_set(REST)


def play_keys(
    mesh: bpy.types.Object, animation: Animation, called: dict[str, str]
) -> bpy.types.Action | None:
    """A new action on the keys of a copy. called : name in the scene → in the file."""
    owner = mesh.data.shape_keys
    moved = np.abs(animation.weights).max(0, initial=0) > _STILL
    if owner is None or not moved.any():
        return None
    action, curves = compat.new_action(owner, animation.name)
    for place in np.flatnonzero(moved).tolist():
        key = owner.key_blocks[called[animation.keys[place]]]
        values = animation.weights[:, place]
        key.slider_min, key.slider_max = min(values.min(), 0.0), max(values.max(), 1.0)
        path = f'key_blocks["{bpy.utils.escape_identifier(key.name)}"].value'
        fill(curves.new(path), *_from_rest(values, 0.0))
    return action


def play_bones(
    armature: bpy.types.Object, animation: Animation, scale: float, least: float
) -> bpy.types.Action | None:
    """A new action on the bones of a copy. scale : of its unit against that of the scene; least :
    what a bone is scaled to where it shrinks to less."""
    channels = {name: _channels(animation.poses[:, place])
                for place, name in enumerate(animation.bones)}  # fmt: skip
    moved = {n: each for n, each in channels.items() if np.abs(each - _AT_REST).max() > _STILL}
    if not moved:
        return None
    action, curves = compat.new_action(armature, animation.name)
    for name, values in moved.items():
        values[:, :3] *= scale
        sizes = values[:, _SIZE]
        values[:, _SIZE] = np.copysign(np.maximum(np.abs(sizes), least), sizes)
        armature.pose.bones[name].rotation_mode = "QUATERNION"
        path, column = f'pose.bones["{bpy.utils.escape_identifier(name)}"].', 0
        for channel, width in _CHANNELS:
            for index in range(width):
                curve = curves.new(path + channel, index=index)
                fill(curve, *_from_rest(values[:, column], _AT_REST[column]))
                column += 1
    return action


def _from_rest(values: np.ndarray, rest: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames (F + 1,) and values with the rest before them."""
    return np.arange(REST, len(values)), np.concatenate(([rest], values))


def _channels(poses: np.ndarray) -> np.ndarray:
    """(F, 10) place, turn and scale of poses (F, 4, 4); turns go the short way."""
    found = np.empty((len(poses), len(_AT_REST)))
    last = None
    for row, pose in zip(found, poses, strict=True):
        place, turn, scale = Matrix(pose.tolist()).decompose()
        if last is not None:
            turn.make_compatible(last)
        row[:] = (*place, *turn, *scale)
        last = turn
    return found
