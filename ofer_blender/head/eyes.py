"""Irises of the person's colour: a UV layer around the line of sight and a painted picture."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ...ofer_engine.client.head_arrays import HeadArrays
from ...ofer_engine.contract.irises import INNER_SHARE, IRIS_RADIUS, OUTER_SHARE, PUPIL_RADIUS
from ...ofer_engine.contract.reconstruction import Reconstruction

PARTS: Final = {"eye_left": "eye_L", "eye_right": "eye_R"}
"""Part of the mesh -> joint at its centre."""
UV_LAYER: Final = "UVEyes"
IMAGE: Final = "OFER iris"
UNSEEN: Final = (0.36, 0.29, 0.23)
"""sRGB of irises that no photo shows."""

SIDE: Final = 0.024
"""Metres, seen from the front: the width of the picture."""
PIXELS: Final = 256
Colour = tuple[float, float, float]

_SCLERA: Final = (0.86, 0.83, 0.80)
_VEINED: Final = (0.78, 0.64, 0.59)
_REDDENING: Final = (0.0075, 0.0115)
"""Metres from the line of sight between which the white turns to the pink of its corners."""
_PUPIL: Final = (0.015, 0.013, 0.012)
_RIM_SHARE: Final = 0.30
"""Of the iris's colour, in the dark ring around it."""


def polygons(reconstruction: Reconstruction, arrays: HeadArrays) -> np.ndarray:
    """(F,) bool: polygons of eyeballs whose centre is known."""
    known = [
        reconstruction.parts.index(part)
        for part, joint in PARTS.items()
        if part in reconstruction.parts and joint in reconstruction.joints
    ]
    return np.isin(arrays.part, known)


def gaze_uv(reconstruction: Reconstruction, arrays: HeadArrays) -> np.ndarray:
    """(F, 4, 2) float32: where each corner lies in the iris picture, seen along the gaze.

    The back of the eyeball is folded outwards, so that it only ever shows the white.
    """
    uv = np.zeros(arrays.uv.shape, dtype=np.float32)
    vertices = arrays.identity_vertices[0]
    for part, joint in PARTS.items():
        if part not in reconstruction.parts or joint not in reconstruction.joints:
            continue
        faces = np.flatnonzero(arrays.part == reconstruction.parts.index(part))
        centre = arrays.identity_joints[0, reconstruction.joints.index(joint)]
        ray = vertices[arrays.polygons[faces]] - centre
        across = np.stack((ray[..., 0], ray[..., 2]), axis=-1)  # facing -Y: X and Z are the plane
        length = np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
        radius = np.linalg.norm(ray, axis=-1, keepdims=True)
        folded = np.where(ray[..., 1:2] < 0, across, across / length * (2 * radius - length))
        uv[faces] = np.clip(0.5 + folded / SIDE, 0.0, 1.0)
    return uv


def shades(colour: Colour) -> tuple[Colour, Colour]:
    """sRGB of the dark ring and of the iris within it, for an iris that looks `colour`."""
    ring, whole = (tuple(share * value for value in colour) for share in (_RIM_SHARE, 1.0))
    return ring, whole


def picture(colour: Colour) -> bpy.types.Image:
    """The packed picture of irises of an sRGB colour in this .blend, painted on first use."""
    name = f"{IMAGE} {''.join(f'{round(255 * value):02x}' for value in colour)}"
    if found := bpy.data.images.get(name):
        return found
    image = bpy.data.images.new(name, PIXELS, PIXELS)
    image.pixels.foreach_set(_paint(colour).ravel())
    image.pack()
    return image


def _paint(iris: Colour) -> np.ndarray:
    """(PIXELS, PIXELS, 4) float32, sRGB."""
    at = (np.arange(PIXELS, dtype=np.float32) + 0.5) / PIXELS - 0.5
    radius = np.hypot(at[None], at[:, None]) * SIDE
    turn = np.arctan2(at[None], at[:, None])
    fibres = 0.5 + 0.25 * np.sin(47 * turn) + 0.25 * np.sin(31 * turn + 900 * radius)
    depth = np.clip((radius - PUPIL_RADIUS) / (IRIS_RADIUS - PUPIL_RADIUS), 0, 1)
    inner, outer = (np.clip(np.multiply(share, iris), 0, 1) for share in (INNER_SHARE, OUTER_SHARE))
    colour = _mix(inner, outer, np.clip(depth + 0.35 * (fibres - 0.5), 0, 1))
    soft = 0.0004  # metres
    colour = _over(colour, shades(iris)[0], 0.85 * _step(radius, IRIS_RADIUS - 0.0007, 2.5 * soft))
    near, far = _REDDENING
    white = _mix(_SCLERA, _VEINED, np.clip((radius - near) / (far - near), 0, 1))
    share = _step(radius, IRIS_RADIUS, 1.5 * soft)[..., None]
    colour = colour * (1 - share) + white * share
    colour = _over(colour, _PUPIL, 1 - _step(radius, PUPIL_RADIUS, soft))
    return np.concatenate((colour, np.ones((PIXELS, PIXELS, 1), np.float32)), axis=-1)


def _step(radius: np.ndarray, edge: float, soft: float) -> np.ndarray:
    ramp = np.clip((radius - edge) / soft + 0.5, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _mix(first: tuple, second: tuple, share: np.ndarray) -> np.ndarray:
    one, other = (np.asarray(each, np.float32) for each in (first, second))
    return one + (other - one) * share[..., None]


def _over(colour: np.ndarray, paint: tuple, share: np.ndarray) -> np.ndarray:
    return colour + (np.asarray(paint, np.float32) - colour) * share[..., None]
