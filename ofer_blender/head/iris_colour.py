"""The colour of a head's irises, as the viewport shows them."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.contract.irises import IRIS_RADIUS, PUPIL_RADIUS
from ..image_size import image_size
from . import eyes

_MOST: Final = 4096 * 4096
"""Pixels of a picture that is looked at: ours has a hundredth."""


def of(head: bpy.types.Object) -> tuple[float, ...]:
    """(3,) sRGB 0..1: the mean of the painted iris; empty where the head has none."""
    image = next(filter(None, map(_picture, head.data.materials)), None)
    width, height = image_size(image) if image else (0, 0)
    if image is None or not 0 < width * height <= _MOST:
        return ()
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    across = ((np.arange(width) + 0.5) / width - 0.5) * eyes.SIDE
    up = ((np.arange(height) + 0.5) / height - 0.5) * eyes.SIDE
    radius = np.hypot(across, up[:, None]).ravel()
    ring = (radius > 1.2 * PUPIL_RADIUS) & (radius < 0.8 * IRIS_RADIUS)
    mean = pixels.reshape(-1, image.channels)[ring, :3].mean(axis=0)
    return tuple(float(each) for each in np.clip(mean, 0, 1))


def _picture(material: bpy.types.Material | None) -> bpy.types.Image | None:
    tree = material.node_tree if material else None
    images = (getattr(node, "image", None) for node in tree.nodes) if tree else ()
    return next((each for each in images if each and each.name.startswith(eyes.IMAGE)), None)
