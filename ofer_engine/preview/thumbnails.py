"""Small, calm pictures of heads, all from one camera, so that only the heads differ."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ..heads.camera import Camera
from ..heads.head import Head
from ..heads.open_head import OpenHead
from .rasteriser import Fragments, rasterise, triangulated, vertex_normals

THUMBNAIL_SIDE: Final = 192
_OVERSAMPLE: Final = 2
_DISTANCE: Final = 1.1
_TURN: Final = -14.0
_MARGIN: Final = 1.1
_BACKDROP: Final = np.array([0.83, 0.84, 0.86], np.float32)

_CLAY: Final = np.array([0.82, 0.68, 0.60])
_LIPS: Final = np.array([0.72, 0.47, 0.44])
_BROWS: Final = np.array([0.42, 0.32, 0.27])
_PART_COLOURS: Final = {
    "eye_left": np.array([0.93, 0.92, 0.90]),
    "eye_right": np.array([0.93, 0.92, 0.90]),
    "lashes": np.array([0.22, 0.18, 0.16]),
    "teeth_upper": np.array([0.93, 0.91, 0.86]),
    "teeth_lower": np.array([0.93, 0.91, 0.86]),
    "tongue": np.array([0.74, 0.42, 0.42]),
}
_IRIS: Final = np.array([0.30, 0.38, 0.42], np.float32)
_IRIS_RADIUS: Final = 0.0061
_PUPIL_RADIUS: Final = 0.0026

_KEY: Final = (np.array([-0.45, 0.55, 0.75]), 0.62)
_FILL: Final = (np.array([0.75, 0.05, 0.55]), 0.26)
_RIM: Final = (np.array([0.55, 0.45, -0.65]), 0.20)
_AMBIENT: Final = 0.30


@dataclass(frozen=True)
class Look:
    """What stays the same for all heads of a model.

    triangles : (T, 3) int; colours : (V, 3) float32, display 0..1; gaze : (V, 3) float32, metres
    from the eye's centre for vertices of an eye, else 0; focus : (3,) metres, what the camera of
    the thumbnails looks at; reach : metres, half of what it shows.
    """

    triangles: np.ndarray
    colours: np.ndarray
    gaze: np.ndarray
    focus: np.ndarray
    reach: float

    @staticmethod
    def of_head(head: Head) -> Look:
        """The look of a head model; lips and brows are tinted where the model knows them."""
        look = Look.of_parts(head.template, head.polygons, head.part, head.part_names)
        colours = look.colours
        if isinstance(head, OpenHead):
            for name, tint in (("lips", _LIPS), ("brows", _BROWS)):
                share = head.region(name)[:, None] * 0.85
                colours = colours + share * (tint - colours)
        return Look(look.triangles, colours.astype(np.float32), look.gaze, look.focus, look.reach)

    @staticmethod
    def of_parts(
        template: np.ndarray, polygons: np.ndarray, part: np.ndarray, part_names: tuple[str, ...]
    ) -> Look:
        """template : (V, 3) metres; polygons : (F, 4), -1 last in a triangle; part : (F,)."""
        colours = np.tile(_CLAY, (len(template), 1))
        gaze = np.zeros((len(template), 3), np.float32)
        for index, name in enumerate(part_names):
            own = np.unique(polygons[part == index])
            own = own[own >= 0]
            colours[own] = _PART_COLOURS.get(name, _CLAY)
            if name.startswith("eye_") and own.size:
                gaze[own] = template[own] - _sphere_centre(template[own])
        focus, reach = _framing(template, np.any(gaze, axis=1))
        return Look(
            triangulated(polygons),
            colours.astype(np.float32),
            gaze,
            focus,
            reach,
        )


def _framing(template: np.ndarray, eyes: ArrayLike) -> tuple[np.ndarray, float]:
    """Focus (3,) and reach in metres. Eyes lie half-way up a head, so they show where it is; a
    head without them is shown whole. eyes : (V,) bool."""
    low, high = template.min(0), template.max(0)
    eyes = np.asarray(eyes)
    if not eyes.any():
        return (low + high) / 2, float((high - low)[1] / 2 * _MARGIN)
    eye = template[eyes].mean(0)
    half = high[1] - eye[1]
    return np.array([0.0, eye[1] - 0.1 * half, eye[2] / 2]), float(half * _MARGIN * 1.1)


def thumbnail(vertices: np.ndarray, look: Look, side: int = THUMBNAIL_SIDE) -> bytes:
    """A PNG of side x side pixels on soft grey. vertices : (V, 3) metres, engine frame."""
    coverage = render(vertices, look, thumbnail_camera(look, side))
    shade = np.linspace(1.06, 0.90, side, dtype=np.float32)[:, None, None]
    picture = coverage[..., :3] + (1 - coverage[..., 3:]) * _BACKDROP * shade
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(picture)).save(buffer, "PNG")
    return buffer.getvalue()


def thumbnail_camera(look: Look, side: int) -> Camera:
    """The camera of all thumbnails: a little from the side, far enough not to distort."""
    angle = np.radians(_TURN)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    translation = np.array([0, 0, -_DISTANCE]) - rotation @ look.focus
    focal = side / 2 / look.reach * _DISTANCE
    return Camera(focal, np.array([side / 2, side / 2]), rotation, translation, side, side)


def render(vertices: np.ndarray, look: Look, camera: Camera) -> np.ndarray:
    """The head as `camera` sees it: (height, width, 4) float32, colour times coverage, coverage.

    vertices : (V, 3) metres, engine frame.
    """
    seen = camera.to_camera(vertices)
    height, width = camera.height * _OVERSAMPLE, camera.width * _OVERSAMPLE
    depth = -seen[:, 2]
    flat = seen[:, :2] * (camera.focal / np.maximum(depth, 1e-6))[:, None] * (1, -1)
    points = (flat + camera.centre) * _OVERSAMPLE
    fragments = rasterise(points, depth, look.triangles, height, width)
    colour = _shaded(fragments, vertex_normals(seen, look.triangles), look)
    values = np.concatenate([colour, np.ones((len(colour), 1), np.float32)], 1)
    full = fragments.picture(values)
    blocks = full.reshape(camera.height, _OVERSAMPLE, camera.width, _OVERSAMPLE, 4)
    return blocks.mean((1, 3))


def _shaded(fragments: Fragments, normals: np.ndarray, look: Look) -> np.ndarray:
    """Display colours (N, 3): clay under a key, a fill and a rim light."""
    normal = fragments.interpolate(normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    light = np.full(len(normal), _AMBIENT, np.float32)
    light += 0.08 * normal[:, 1]
    for direction, strength in (_KEY, _FILL, _RIM):
        unit = (direction / np.linalg.norm(direction)).astype(np.float32)
        light += strength * np.clip(normal @ unit, 0, None)
    half = _KEY[0] / np.linalg.norm(_KEY[0]) + [0, 0, 1]
    half = (half / np.linalg.norm(half)).astype(np.float32)
    shine = 0.07 * np.clip(normal @ half, 0, None) ** 24
    colour = _eyes(fragments, fragments.interpolate(look.colours), look)
    return colour * light[:, None] + shine[:, None]


def _eyes(fragments: Fragments, colour: np.ndarray, look: Look) -> np.ndarray:
    """Draw irises and pupils on the fragments of eyes."""
    eye = np.flatnonzero(look.gaze[fragments.corners[:, 0]].any(1))
    part = Fragments(
        fragments.pixel[eye],
        fragments.corners[eye],
        fragments.weights[eye],
        fragments.height,
        fragments.width,
    )
    gaze = part.interpolate(look.gaze)
    radius = np.hypot(gaze[:, 0], gaze[:, 1])
    front = gaze[:, 2] > 0
    iris = np.clip((_IRIS_RADIUS - radius) / 0.0006 + 0.5, 0, 1) * front
    pupil = np.clip((_PUPIL_RADIUS - radius) / 0.0005 + 0.5, 0, 1) * front
    rim = np.clip((radius - 0.0045) / 0.0016, 0, 1)
    tint = _IRIS * (1 - 0.55 * rim[:, None]) * (1 - 0.92 * pupil[:, None])
    colour[eye] += iris[:, None] * (tint - colour[eye])
    return colour


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Display colours 0..1 to uint8, same shape."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def _sphere_centre(vertices: np.ndarray) -> np.ndarray:
    """Centre of the least-squares sphere. vertices : (N, 3) -> (3,)."""
    system = np.c_[2 * vertices, np.ones(len(vertices))].astype(float)
    return np.linalg.lstsq(system, (vertices.astype(float) ** 2).sum(1), rcond=None)[0][:3]
