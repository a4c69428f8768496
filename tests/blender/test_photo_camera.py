"""The photo's camera in Blender sees each point where the engine's pinhole puts it."""

from __future__ import annotations

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Euler, Vector
from ofer_faces.ofer_blender.photo import photo_camera
from ofer_faces.ofer_engine.client.frame import to_blender
from ofer_faces.ofer_engine.contract.reconstruction import CameraRecord


def test_projection_agrees_with_the_engine() -> None:
    rng = np.random.default_rng(0)
    for width, height in ((640, 480), (480, 640), (500, 500)):
        rotation = np.array(Euler(rng.uniform(-0.6, 0.6, 3)).to_matrix())
        shift = rng.normal(0, 0.05, 3) + (0, 0, -0.7)
        centre = np.array((width, height)) / 2 + rng.normal(0, 30, 2)
        record = CameraRecord(800.0, tuple(centre), tuple(rotation.ravel()), tuple(shift),
                              width, height, False)  # fmt: skip
        points = rng.uniform(-0.1, 0.1, (40, 3))
        x, y, z = (points @ rotation.T + shift).T
        wanted = np.stack((centre[0] + 800 * x / -z, centre[1] - 800 * y / -z), -1)
        scene = bpy.context.scene
        scene.render.resolution_x, scene.render.resolution_y = width, height
        head = bpy.data.objects.new("head", None)
        camera = photo_camera.build(record, head)
        scene.collection.objects.link(camera)
        bpy.context.view_layer.update()
        seen = [world_to_camera_view(scene, camera, Vector(p)) for p in to_blender(points)]
        pixels = np.array([(view.x * width, (1 - view.y) * height) for view in seen])
        assert np.abs(pixels - wanted).max() < 0.02
