"""The camera of the photo as a Blender camera."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ...ofer_engine.client.frame import ENGINE_TO_BLENDER
from ...ofer_engine.contract.reconstruction import CameraRecord
from ...ofer_engine.geometry.affine_map import UNMOVED, Affine

SENSOR: Final = 36.0
"""Millimetres along the longer side of the photo, as Blender's sensor fit AUTO means it."""
_NEAREST: Final = 0.01  # metres
_SIZE: Final = 0.1  # metres; its symbol would be larger than the head


def build(
    record: CameraRecord, head: bpy.types.Object, placed: Affine = UNMOVED
) -> bpy.types.Object:
    """A camera that sees `head` where the photo shows the face; linked to no collection yet.

    placed : where the head stands in its mesh, as `head_frame.placement` says.

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
    camera = bpy.data.objects.new(data.name, data)
    fit_lens(camera, head, placed)
    camera.matrix_world = head.matrix_world @ pose(record, placed)
    return camera


def fit_lens(camera: bpy.types.Object, head: bpy.types.Object, placed: Affine) -> None:
    """Let the camera of a small head see as near as that stands, and its symbol be of its size."""
    scale = placed.scale * abs(head.matrix_world.to_3x3().determinant()) ** (1 / 3)
    camera.data.clip_start = _NEAREST * scale
    camera.data.display_size = _SIZE * placed.scale


def pose(record: CameraRecord, placed: Affine) -> Matrix:
    """The camera's place in the frame of a head's object; a larger head has it farther away."""
    rotation = ENGINE_TO_BLENDER @ np.array(record.rotation, dtype=np.float64).reshape(3, 3).T
    pose = np.eye(4)
    pose[:3, :3] = placed.rotation @ rotation
    pose[:3, 3] = placed.points(-rotation @ np.array(record.translation))
    return Matrix(pose)
