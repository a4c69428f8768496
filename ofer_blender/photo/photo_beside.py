"""The photo as a picture beside its head, as large as the head is in it, to compare them."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...ofer_engine.contract.reconstruction import CameraRecord
from ..head.linked import link_beside
from . import head_photos, orientation

_GAP: Final = 0.03
"""Metres between the photo and the head, for a head of its own size."""
_WIDEST, _HIGHEST = 1.6, 1.5
"""Of the head's width and height: a face far away would need a wall for its photo."""
_UPRIGHT: Final = Matrix.Rotation(math.pi / 2, 4, "X")
"""From a picture that lies on the floor to one that a head's viewer sees."""


def show(head: bpy.types.Object, image: bpy.types.Image) -> bpy.types.Object:
    """Hang the main photo at the head's right, in the head's collections; it goes where the head
    goes, and in no render. Raises OferError(BAD_REQUEST) as `head_photos.views`."""
    camera = CameraRecord(**head_photos.views(head)[0]["camera"])
    width, height, middle = _fitted(head, camera)
    picture = bpy.data.objects.new(f"{head.name} beside", None)
    picture.empty_display_type = "IMAGE"
    picture.data = image
    picture.empty_display_size = max(width, height)
    picture.empty_image_offset = (-0.5, -0.5)
    picture.parent = head
    picture.matrix_basis = Matrix.Translation(middle) @ _UPRIGHT @ _turned(image)
    link_beside(picture, head)
    head.ofer.photo_beside = picture
    return picture


def hide(head: bpy.types.Object) -> None:
    """Take the photo away."""
    if picture := head.ofer.photo_beside:
        bpy.data.objects.remove(picture)


def bounds(head: bpy.types.Object) -> tuple[Vector, Vector]:
    """Lowest and highest corner of the head and the photo beside it, in the head's frame."""
    corners = [Vector(corner) for corner in head.bound_box]
    if picture := head.ofer.photo_beside:
        camera = CameraRecord(**head_photos.views(head)[0]["camera"])
        width, height, middle = _fitted(head, camera)
        half = Vector((width / 2, 0.0, height / 2))
        corners += [middle - half, middle + half] if picture.parent == head else []
    return (
        Vector(map(min, zip(*corners, strict=True))),
        Vector(map(max, zip(*corners, strict=True))),
    )


def _fitted(head: bpy.types.Object, camera: CameraRecord) -> tuple[float, float, Vector]:
    """Width, height and middle of the photo, metres in the head's frame: at the size and height
    that the head has in it, or smaller where it would be large."""
    corners = np.array(head.bound_box)
    low, high = corners.min(axis=0), corners.max(axis=0)
    placed = asdict(camera)
    x, y, z = placed["translation"]
    pixel = max(-z, 1e-3) / camera.focal  # metres at the head's distance
    width, height = camera.width * pixel, camera.height * pixel
    up = (camera.centre[1] - camera.height / 2) * pixel - y  # of the head's origin
    extent = high - low
    share = min(1.0, _WIDEST * extent[0] / width, _HIGHEST * extent[2] / height)
    middle = Vector((low[0] - _GAP - share * width / 2, 0.0, share * up))
    return share * width, share * height, middle


def _turned(image: bpy.types.Image) -> Matrix:
    """What brings the picture, as Blender reads it, upright."""
    path = Path(bpy.path.abspath(image.filepath)) if image.source == "FILE" else Path()
    quarters, mirrored = orientation.turn(orientation.orientation(path))
    turn = Matrix.Rotation(-quarters * math.pi / 2, 4, "Z")
    return turn @ Matrix.Scale(-1.0 if mirrored else 1.0, 4, (1.0, 0.0, 0.0))
