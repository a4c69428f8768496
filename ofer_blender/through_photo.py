"""Looking at a head through its photo: the photo's camera with the photo before the head."""

from __future__ import annotations

import math
from pathlib import Path

import bpy

from ..ofer_engine.contract.reconstruction import CameraRecord
from . import head_photos, orientation, photo_camera

_OPACITY = 0.5


def begin(scene: bpy.types.Scene, head: bpy.types.Object, image: bpy.types.Image) -> None:
    """Make the photo's camera the scene's, and the picture's shape the render's.

    The camera is made once and follows the head; what the scene had before is kept on the head.
    """
    record = CameraRecord(**head_photos.views(head)[0]["camera"])
    camera = head.ofer.camera or _make(head, record)
    _show(camera.data, image)
    if camera.name not in scene.objects:
        scene.collection.objects.link(camera)
    before = head.ofer
    before.scene_camera = scene.camera
    render = scene.render
    before.resolution = (render.resolution_x, render.resolution_y)
    before.through_photo = True
    scene.camera = camera
    render.resolution_x, render.resolution_y = record.width, record.height


def end(scene: bpy.types.Scene, head: bpy.types.Object) -> None:
    """Give the scene its own camera and render size back; the photo's camera stays, its picture
    hidden."""
    before = head.ofer
    scene.camera = before.scene_camera
    scene.render.resolution_x, scene.render.resolution_y = before.resolution
    before.through_photo, before.scene_camera = False, None
    if before.camera:
        before.camera.data.show_background_images = False


def picture(head: bpy.types.Object) -> bpy.types.CameraBackgroundImage | None:
    """The photo before the camera, whose `alpha` is its opacity."""
    camera = head.ofer.camera
    pictures = camera.data.background_images if camera else ()
    return pictures[0] if pictures else None


def _make(head: bpy.types.Object, record: CameraRecord) -> bpy.types.Object:
    camera = photo_camera.build(record, head)
    place = head.matrix_world.inverted() @ camera.matrix_world
    camera.parent = head
    camera.matrix_basis = place
    head.ofer.camera = camera
    return camera


def _show(camera: bpy.types.Camera, image: bpy.types.Image) -> None:
    background = camera.background_images[0] if camera.background_images else None
    if background is None:
        background = camera.background_images.new()
        background.alpha = _OPACITY
    camera.show_background_images = True
    background.image = image
    background.display_depth, background.frame_method = "FRONT", "FIT"
    path = Path(bpy.path.abspath(image.filepath)) if image.source == "FILE" else Path()
    quarters, mirrored = orientation.turn(orientation.orientation(path))
    background.rotation = quarters * math.pi / 2
    background.use_flip_x = mirrored
    width, height = image.size
    sideways = quarters % 2 and width and height
    # Blender fits the picture before it turns it: bring a lying one to the standing frame's size.
    background.scale = max(width, height) / min(width, height) if sideways else 1.0
