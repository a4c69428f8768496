"""A head laid over the photo it came from, with the photo's own camera."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from ..heads.camera import Camera
from .thumbnails import Look, render, to_bytes

_OPACITY: Final = np.float32(0.7)


def overlay(photo: np.ndarray, vertices: np.ndarray, look: Look, camera: Camera) -> np.ndarray:
    """The photo with the head over it, (H, W, 3) uint8.

    photo : (H, W, 3) uint8; vertices : (V, 3) metres, engine frame; camera : of this photo, with
    its width and height. Cost grows with the pixels that the head covers: cut and shrink large
    photos first (`cropped`).
    """
    head = render(vertices, look, camera) * _OPACITY
    under = photo.astype(np.float32) / 255
    return to_bytes(head[..., :3] + (1 - head[..., 3:]) * under)


def cropped(camera: Camera, box: tuple[float, float, float, float], side: int) -> Camera:
    """The camera of a square cut of the photo, scaled to side x side pixels.

    box : (left, top, right, bottom) photo pixels, square; may reach beyond the photo.
    """
    left, top, right, _ = box
    scale = side / (right - left)
    return dataclasses.replace(
        camera,
        focal=camera.focal * scale,
        centre=(np.asarray(camera.centre) - (left, top)) * scale,
        width=side,
        height=side,
    )
