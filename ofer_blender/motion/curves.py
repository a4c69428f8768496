"""Actions and their curves: begun beside what is there, filled in one go, found again."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from .. import compat
from ..head.linked import check_own


def begin(owner: bpy.types.ID, name: str) -> tuple[bpy.types.Action, bpy.types.bpy_prop_collection]:
    """A new action that animates a datablock, and its curves; what it had before stays in the
    file. Raises OferError as `check_own`."""
    check_own(owner)
    animation = owner.animation_data
    if animation and animation.action:
        animation.action.use_fake_user = True  # or saving would drop it
    return compat.new_action(owner, name)


def go_on(
    owner: bpy.types.ID, name: str, without: tuple[str, ...]
) -> tuple[bpy.types.Action, bpy.types.bpy_prop_collection]:
    """As `begin`, with all that the datablock did before but for curves whose paths begin so."""
    check_own(owner)
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return begin(owner, name)
    animation.action.use_fake_user = True
    action, made = compat.copied_action(owner, name)
    for curve in [each for each in made if each.data_path.startswith(without)]:
        made.remove(curve)
    return action, made


def fill(curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray) -> None:
    """Give an empty curve a key at each of (F,) frames, straight lines between them."""
    points = curve.keyframe_points
    points.add(len(frames))
    places = np.stack((frames, values), axis=1).astype(np.float32)
    points.foreach_set("co", places.ravel())
    linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value
    points.foreach_set("interpolation", np.full(len(frames), linear, np.uint8))
    curve.update()


def of_keys(keys: bpy.types.Key) -> Iterator[tuple[str, bpy.types.FCurve]]:
    """Name of each shape key that the action of a mesh's keys animates, and its curve."""
    for curve in compat.curves_of(keys):
        start, _, rest = curve.data_path.partition('key_blocks["')
        if not start and rest.endswith('"].value'):
            yield bpy.utils.unescape_identifier(rest.removesuffix('"].value')), curve


def places(curve: bpy.types.FCurve) -> np.ndarray:
    """(n, 2) float64 frame and value of each key of a curve."""
    found = np.empty(2 * len(curve.keyframe_points))
    curve.keyframe_points.foreach_get("co", found)
    return found.reshape(-1, 2)


def set_values(curve: bpy.types.FCurve, values: np.ndarray, gain: float = 1.0) -> None:
    """Give the keys of a curve other values (n,), 0..1; handles go with them, at `gain` times their
    height over their keys, and stay within 0 and 1 where they were."""
    points, found = curve.keyframe_points, places(curve)
    moved = found.copy()
    moved[:, 1] = values
    for side in ("handle_left", "handle_right"):
        handles = np.empty(found.size)
        points.foreach_get(side, handles)
        handles = handles.reshape(-1, 2)
        was = handles[:, 1].copy()
        handles[:, 1] = values + gain * (was - found[:, 1])
        within = (was >= 0) & (was <= 1)
        handles[within, 1] = np.clip(handles[within, 1], 0, 1)
        points.foreach_set(side, handles.ravel())
    points.foreach_set("co", moved.ravel())
    curve.update()
