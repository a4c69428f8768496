"""Looking at a head through its photo: the photo's camera with the photo before the head."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ...ofer_engine.client import faults
from ...ofer_engine.contract.errors import ErrorCode, OferError
from ...ofer_engine.contract.reconstruction import CameraRecord
from ...ofer_engine.geometry.affine_map import Affine
from ..head import deleted_heads, head_frame, pins
from . import head_photos, orientation, photo_camera

_OPACITY: Final = 0.5
_STRETCHED: Final = 1.01
"""Scale of one direction against another, from which the photo's shape is lost."""
_GIVEN: Final = "ofer_place"
"""Where the camera was put last, in the head's frame: where it stands elsewhere, an artist moved
it."""


def begin(scene: bpy.types.Scene, head: bpy.types.Object, image: bpy.types.Image) -> None:
    """Make the photo's camera the scene's, and the picture's shape the render's.

    The camera is made once and follows the head, and the mesh where that was moved since, unless
    an artist moved the camera; what the scene had before is kept with the scene. Raises OferError
    as `check`.
    """
    record, placed = check(head)
    camera = camera_of(head)
    if camera:
        _follow(head, camera, record, placed)
    else:
        camera = _make(head, record, placed)
    _show(camera.data, image)
    if camera.name not in scene.objects:
        scene.collection.objects.link(camera)
    before, render = scene.ofer.photo_view, scene.render
    seen, size = any(before.photo_size), (render.resolution_x, render.resolution_y)
    if not (seen and scene.camera in (None, before.photo_camera)):
        before.camera = scene.camera
    if size != tuple(before.photo_size):
        before.resolution = size
    before.photo_camera, before.photo_size = camera, (record.width, record.height)
    head.ofer.through_photo = True
    _show_beside(head, False)
    scene.camera = camera
    render.resolution_x, render.resolution_y = before.photo_size


def camera_of(head: bpy.types.Object) -> bpy.types.Object | None:
    """The photo's camera, where there is one; a file from elsewhere may name any object."""
    camera = head.ofer.camera
    return camera if camera and camera.type == "CAMERA" else None


def is_on(scene: bpy.types.Scene, head: bpy.types.Object) -> bool:
    """The scene shows the head through its photo."""
    camera = camera_of(head)
    return bool(head.ofer.through_photo and camera and scene.camera == camera)


def follow(head: bpy.types.Object, placed: Affine) -> None:
    """Bring the photo's camera, where there is one, to where the pins say the photo was taken from.

    placed : where the head stands in its mesh.
    """
    if camera := camera_of(head):
        record = CameraRecord(**head_photos.views(head)[0]["camera"])
        _follow(head, camera, pins.camera(head, record), placed)


def end(scene: bpy.types.Scene, head: bpy.types.Object) -> None:
    """Give the scene its own camera and render size back, unless others were chosen since; the
    photo's camera stays, its picture hidden."""
    kept, camera = scene.ofer.photo_view, camera_of(head)
    if kept.photo_camera is None:  # the file is of an older version
        kept.photo_camera, kept.camera = camera, head.ofer.scene_camera
        kept.resolution = head.ofer.resolution
        kept.photo_size = (scene.render.resolution_x, scene.render.resolution_y)
    _give_back(scene)
    head.ofer.through_photo, head.ofer.scene_camera = False, None
    _show_beside(head, True)
    camera.data.show_background_images = False


def end_abandoned() -> None:
    """Give scenes their own camera back that look through the photo of a head that is gone."""
    for scene in filter(_is_abandoned, bpy.data.scenes):
        _give_back(scene)


@bpy.app.handlers.persistent
@faults.guarded(reported=False)
def watch(*_: object) -> None:
    """After any change: see whether a head was deleted while it was seen through its photo."""
    if any(map(_is_abandoned, bpy.data.scenes)):
        deleted_heads.clean_up_soon()


def _is_abandoned(scene: bpy.types.Scene) -> bool:
    camera = scene.camera
    if camera is None or camera != scene.ofer.photo_view.photo_camera:
        return False
    return not any(
        each.ofer.camera == camera for where in bpy.data.scenes for each in where.objects
    )


def _give_back(scene: bpy.types.Scene) -> None:
    kept, render = scene.ofer.photo_view, scene.render
    if scene.camera == kept.photo_camera:
        scene.camera = kept.camera
    if (render.resolution_x, render.resolution_y) == tuple(kept.photo_size):
        render.resolution_x, render.resolution_y = kept.resolution
    kept.photo_camera = kept.camera = None
    kept.photo_size = (0, 0)


def _show_beside(head: bpy.types.Object, shown: bool) -> None:
    """The photo beside the head would stand in the camera's way."""
    if beside := head.ofer.photo_beside:
        beside.hide_viewport = not shown


def picture(head: bpy.types.Object) -> bpy.types.CameraBackgroundImage | None:
    """The photo before the camera, whose `alpha` is its opacity."""
    camera = camera_of(head)
    pictures = camera.data.background_images if camera else ()
    return pictures[0] if pictures else None


def check(head: bpy.types.Object) -> tuple[CameraRecord, Affine]:
    """The photo's camera, and where the head stands before it.

    Raises OferError(BAD_REQUEST) where no camera can see the head as the photo does.
    """
    record = pins.camera(head, CameraRecord(**head_photos.views(head)[0]["camera"]))
    placed = head_frame.placement(head)
    in_world = Affine(head_frame.in_world(head) @ placed.linear, placed.offset)
    if in_world.stretch >= _STRETCHED:
        raise OferError(
            ErrorCode.BAD_REQUEST,
            "{name} was stretched: no camera sees it as the photo does.",
            "Give it the same scale along X, Y and Z.",
            name=head.name,
        )
    return record, placed


def _follow(
    head: bpy.types.Object, camera: bpy.types.Object, record: CameraRecord, placed: Affine
) -> None:
    """Put the camera where the photo was taken from, unless it is where an artist put it."""
    if camera.parent != head:
        return
    stands = _flat(camera.matrix_parent_inverse @ camera.matrix_basis)
    pose = photo_camera.pose(record, placed)
    given, wanted = camera.get(_GIVEN), _flat(pose)
    untouched = stands.shape == np.shape(given) and _near(stands, np.array(given))  # pyright: ignore[reportCallIssue]
    if untouched:
        camera.matrix_basis = camera.matrix_parent_inverse.inverted_safe() @ pose
        photo_camera.fit_lens(camera, head, placed)
    if untouched or _near(stands, wanted):
        camera[_GIVEN] = wanted.tolist()


def _flat(place: Matrix) -> np.ndarray:
    return np.array(place).ravel()


def _near(place: np.ndarray, given: np.ndarray) -> bool:
    return bool(np.allclose(place, given, rtol=1e-4, atol=1e-5))


def _make(head: bpy.types.Object, record: CameraRecord, placed: Affine) -> bpy.types.Object:
    camera = photo_camera.build(record, head, placed)
    camera.parent = head
    camera.matrix_basis = photo_camera.pose(record, placed)
    camera[_GIVEN] = _flat(camera.matrix_basis).tolist()
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


def register() -> None:
    """Look for heads that are deleted."""
    bpy.app.handlers.depsgraph_update_post.append(watch)


def unregister() -> None:
    """Look for them no more."""
    bpy.app.handlers.depsgraph_update_post.remove(watch)
    deleted_heads.ask_no_more()
