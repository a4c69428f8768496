"""Painting over what a photo hides: a copy of the photo to paint on, and the mask made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client import handover, png
from ...ofer_engine.client.photo_source import PhotoSource
from ..image_size import MOST, image_size
from . import orientation, photo_source

LONGEST: Final = 1024
"""Pixels along the longer side of the copy: enough to paint on, quick to compare."""
_PAINTED: Final = 0.02
"""Least difference of a channel, 0..1, that is paint and not rounding."""


def begin(head: bpy.types.Object, photo: bpy.types.Image) -> bpy.types.Image:
    """A copy of the photo, upright, for the head; what was painted earlier is kept.

    It is a picture of Blender's own: the file of the photo is never touched, and the copy is not
    packed, so that no face gets into the .blend.
    """
    copy = head.ofer.mask
    if copy and not _is_lost(copy):
        return copy
    pixels = upright(photo)
    height, width = pixels.shape[:2]
    if copy is None or image_size(copy) != (width, height):
        copy = bpy.data.images.new(f"{head.name} hidden", width, height)
    copy.pixels.foreach_set(np.ascontiguousarray(pixels[::-1]).ravel())
    copy.update()
    head.ofer.mask = copy
    return copy


def end(head: bpy.types.Object) -> None:
    """Forget what was painted; the copy itself goes when the file is saved, or undo brings it
    back."""
    head.ofer.mask = None


def write(head: bpy.types.Object, photo: bpy.types.Image) -> PhotoSource | None:
    """The mask as a temporary PNG, white where paint differs from the photo; None without paint."""
    copy = head.ofer.mask
    if copy is None or _is_lost(copy) or not image_size(copy)[0]:
        return None
    painted = _pixels(copy)[::-1]
    original = upright(photo)
    if painted.shape != original.shape:
        return None  # another photo than the one painted on
    hidden = np.abs(painted - original)[..., :3].max(axis=2) > _PAINTED
    if not hidden.any():
        return None
    encoded = png.encode(np.where(hidden, 255, 0).astype(np.uint8)[..., None])
    return PhotoSource("mask", "mask", handover.give("mask.png", encoded), temporary=True)


def _is_lost(copy: bpy.types.Image) -> bool:
    """Undo and redo, or another session, made it anew without its pixels."""
    return copy.source == "GENERATED" and not copy.is_dirty and not copy.packed_file


def upright(photo: bpy.types.Image) -> np.ndarray:
    """(H, W, 4) float32, top row first, at most LONGEST pixels long, as the engine sees it."""
    pixels = _pixels(photo)[::-1]
    step = -(-max(pixels.shape[:2]) // LONGEST)
    pixels = pixels[::step, ::step]
    path = Path(bpy.path.abspath(photo.filepath)) if photo.source == "FILE" else Path()
    quarters, mirrored = orientation.turn(orientation.orientation(path))
    if mirrored:
        pixels = pixels[:, ::-1]
    # The copy holds 8 bits a channel: the photo is rounded likewise before they are compared.
    return np.rint(np.rot90(pixels, -quarters) * 255).astype(np.float32) / 255  # pyright: ignore[reportCallIssue]


def _pixels(image: bpy.types.Image) -> np.ndarray:
    """(H, W, 4) float32, bottom row first. Raises OferError(PHOTO_TOO_LARGE)."""
    width, height = photo_source.check_size(image, MOST)
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(height, width, image.channels)
    if image.channels == 4:
        return values
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = values[..., :3] if image.channels == 3 else values[..., :1]
    return rgba
