"""Where the detector's 468 landmarks lie on a head model: picture it, detect, cast back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ..geometry.rasteriser import rasterise
from ..heads.camera import Camera
from ..heads.head import Head
from ..photo.faces import FaceDetector
from ..photo.load import photo_from_pixels
from ..preview.thumbnails import Look, render, to_bytes

_SIDE: Final = 320
_BOX: Final = (0.2 * _SIDE, 0.25 * _SIDE, 0.6 * _SIDE, 0.6 * _SIDE)
"""Where a head fills the picture its face is here, x, y, width, height; the network finds out."""
_DISTANCE: Final = 0.9
_BACKDROP: Final = 0.85
_VIEWS: Final = ((0, 0), (-14, 0), (14, 0), (-7, 8), (7, 8), (-7, -8), (7, -8))
"""Yaw and pitch of each picture, degrees."""
_CERTAIN: Final = 0.9
_FEWEST: Final = 3
_SPREAD: Final = 0.008
"""Metres by which casts of one landmark may differ before it is left out."""


def cast_landmarks(
    head: Head, detector: FaceDetector, check: Callable[[], None] = lambda: None
) -> np.ndarray | None:
    """(468, 3) float64 metres on the template, NaN where unsure; None where no face is seen.

    check : called before each picture, may raise to stop.
    """
    look = Look.of_head(head)
    template = np.asarray(head.template, np.float64)
    hits = []
    for yaw, pitch in _VIEWS:
        check()
        camera = _camera(look, yaw, pitch)
        seen = render(template, look, camera)
        picture = to_bytes(seen[..., :3] + (1 - seen[..., 3:]) * _BACKDROP)
        face = detector.from_box(photo_from_pixels(picture, "head"), _BOX)
        if face.presence > _CERTAIN:
            hits.append(_carried(face.landmarks[:, :2], template, look.triangles, camera))
    if len(hits) < _FEWEST:
        return None
    return _agreed(np.array(hits))


def _camera(look: Look, yaw: float, pitch: float) -> Camera:
    y, p = np.radians((yaw, pitch))
    turn = np.array([(np.cos(y), 0, np.sin(y)), (0, 1, 0), (-np.sin(y), 0, np.cos(y))])
    nod = np.array([(1, 0, 0), (0, np.cos(p), -np.sin(p)), (0, np.sin(p), np.cos(p))])
    rotation = nod @ turn
    translation = np.array([0, 0, -_DISTANCE]) - rotation @ look.focus
    middle = np.array([_SIDE / 2, _SIDE / 2])
    return Camera(_SIDE / 2 / look.reach * _DISTANCE, middle, rotation, translation, _SIDE, _SIDE)


def _carried(
    pixels: np.ndarray, template: np.ndarray, triangles: np.ndarray, camera: Camera
) -> np.ndarray:
    """(468, 3): the surface behind the pixels (468, 2); NaN beside the head."""
    seen = camera.to_camera(template)
    fragments = rasterise(camera.project(template), -seen[:, 2], triangles, _SIDE, _SIDE)
    which = np.full(_SIDE * _SIDE, -1)
    which[fragments.pixel] = np.arange(len(fragments.pixel))
    column, row = np.clip(pixels.astype(int), 0, _SIDE - 1).T
    fragment = which[row * _SIDE + column]
    places = fragments.interpolate(template)[fragment]
    return np.where(fragment[:, None] >= 0, places, np.nan)


def _agreed(hits: np.ndarray) -> np.ndarray:
    """(468, 3) medians of casts (N, 468, 3); NaN where they disagree or most missed."""
    known = np.isfinite(hits).all(2)
    enough = known.sum(0) * 2 > len(hits)
    middle = np.full(hits.shape[1:], np.nan)
    middle[enough] = np.nanmedian(hits[:, enough], axis=0)
    away = np.linalg.norm(hits - middle, axis=2)
    spread = np.full(hits.shape[1], np.inf)
    spread[enough] = np.nanmedian(away[:, enough], axis=0)
    return np.where((spread < _SPREAD)[:, None], middle, np.nan)
