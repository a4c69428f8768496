"""The camera of the photo as a Blender camera."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..ofer_engine.contract.reconstruction import CameraRecord
from .frame import ENGINE_TO_BLENDER

SENSOR: Final = 36.0
"""Millimetres along the longer side of the photo, as Blender's sensor fit AUTO means it."""
_NEAREST: Final = 0.01  # metres
_SIZE: Final = 0.1  # metres; its symbol would be larger than the head


def build(record: CameraRecord, head: bpy.types.Object) -> bpy.types.Object:
    """A camera that sees `head` where the photo shows the face; linked to no collection yet.

    Engine and Blender agree on a camera's own axes (X right, Y up, looking along -Z); only the
    world's differ. `record` maps head to camera, so the camera stands at the inverse.
    """
    data = bpy.data.cameras.new(f"{head.name} photo")
    longer = max(record.width, record.height)
    data.sensor_fit = "AUTO"
    data.sensor_width = SENSOR
    data.lens = record.focal * SENSOR / longer
    data.shift_x = (record.width / 2 - record.centre[0]) / longer
    data.shift_y = (record.centre[1] - record.height / 2) / longer
    data.clip_start, data.display_size = _NEAREST, _SIZE
    camera = bpy.data.objects.new(data.name, data)
    camera.matrix_world = head.matrix_world @ _pose(record)
    return camera


def _pose(record: CameraRecord) -> Matrix:
    rotation = np.array(record.rotation, dtype=np.float64).reshape(3, 3)
    pose = np.eye(4)
    pose[:3, :3] = ENGINE_TO_BLENDER @ rotation.T
    pose[:3, 3] = -pose[:3, :3] @ np.array(record.translation)
    return Matrix(pose)
