"""What a head model adds to its shape as the jaw opens, as keys that the jaw bone drives.

FLAME has such correctives: an opened jaw is FLAME's own only with them.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.frame import to_blender
from ...ofer_engine.contract.errors import OferError
from ..head import helper_keys, shape_keys
from ..head.head_frame import HeadFrame

_ARRAY: Final = "jaw_correctives"
_OF_THE_ANGLE: Final = ("sin(opened)", "1 - cos(opened)")


def add(head: bpy.types.Object, rig: bpy.types.Object, frame: HeadFrame | None) -> None:
    """Give a head the correctives of its model, driven by the rig's jaw about its X axis; nothing
    where the model has none, or the head's reconstruction is lost (no frame)."""
    moves = _moves(frame) if frame else None
    if moves is None:
        return
    active = head.active_shape_key_index
    for name, move, expression in zip(helper_keys.JAW, moves, _OF_THE_ANGLE, strict=True):
        key = helper_keys.ensure(head, name, 0.0)
        shape_keys.set_points(key, frame.moved(move))
        key.slider_min = -1.0
        key.driver_remove("value")
        driver = key.driver_add("value").driver
        driver.expression = expression
        opened = driver.variables.new()
        opened.name, opened.type = "opened", "TRANSFORMS"
        target = opened.targets[0]
        target.id, target.bone_target = rig, "jaw"
        target.transform_type, target.transform_space = "ROT_X", "LOCAL_SPACE"
    head.active_shape_key_index = active


def _moves(frame: HeadFrame) -> np.ndarray | None:
    """(2, V, 3) float32 metres, Blender frame."""
    try:
        if not frame.record.has(_ARRAY):
            return None
        return to_blender(frame.record.numbers(_ARRAY, (len(_OF_THE_ANGLE), frame.vertices, 3)))
    except OferError:
        return None
