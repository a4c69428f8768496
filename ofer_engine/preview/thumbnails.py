"""Small, calm pictures of heads, all from one camera, so that only the heads differ."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ..contract.files.png_mark import marked
from ..contract.irises import INNER_SHARE, IRIS_RADIUS, OUTER_SHARE, PUPIL_RADIUS
from ..geometry.rasteriser import Fragments, rasterise
from ..geometry.triangles import face_normals, triangulate, vertex_normals
from ..heads.camera import Camera
from ..heads.head import Head
from ..heads.open_head import OpenHead
from .paint import Paint

THUMBNAIL_SIDE: Final = 192
_OVERSAMPLE: Final = 2
_COMPRESSION: Final = 3
"""Of the PNG: half the time of Pillow's own choice for a tenth more bytes."""
_DISTANCE: Final = 1.1
_TURN: Final = -4.0
"""Degrees: all but from the front, where faces differ most to the eye."""
_MARGIN: Final = 1.1
_BELOW_EYES, _FACE = 0.2, 0.92
"""Where the middle of a face lies, and half its height, in heights of a head above its eyes."""
_LARGEST: Final = 5.0
"""Of what a thumbnail shows: a coordinate further out is on no head."""
_LAYERS: Final = 10.0
"""Areas of a ball of a thumbnail's reach: the open head, eyes and teeth and all, has 1."""
_BACKDROP: Final = np.array([0.83, 0.84, 0.86], np.float32)

_CLAY: Final = np.array([0.82, 0.68, 0.60])
_LIPS: Final = np.array([0.72, 0.47, 0.44])
_BROWS: Final = np.array([0.42, 0.32, 0.27])
_LINING: Final = np.array([0.45, 0.18, 0.17])
_FRONT: Final = 0.3
"""Cosine to the way out of the mouth beyond which a side of a tooth is lit."""
_PART_COLOURS: Final = {
    "eye_left": np.array([0.84, 0.81, 0.78]),
    "eye_right": np.array([0.84, 0.81, 0.78]),
    "lashes": np.array([0.60, 0.47, 0.40]),
    "teeth_upper": np.array([0.93, 0.91, 0.86]),
    "teeth_lower": np.array([0.93, 0.91, 0.86]),
    "gums_upper": np.array([0.78, 0.47, 0.47]),
    "gums_lower": np.array([0.78, 0.47, 0.47]),
    "tongue": np.array([0.74, 0.42, 0.42]),
}
_LASH: Final = 0.0022
"""Metres off an eyeball to which lashes are drawn: hairs thin out, and sheets of them would read as
painted lids."""
_IRIS: Final = np.array([0.30, 0.38, 0.42], np.float32)
_RIM_SHARE: Final = 0.5
"""Of the iris's colour at its rim: the dark ring, which is a pixel wide here and darker in
Blender."""

_KEY: Final = (np.array([-0.45, 0.55, 0.75]), 0.62)
_FILL: Final = (np.array([0.75, 0.05, 0.55]), 0.26)
_RIM: Final = (np.array([0.55, 0.45, -0.65]), 0.20)
_AMBIENT: Final = 0.30
_EXPOSURE: Final = 1.15
"""Of a skin, whose picture has no light in it, against clay."""


@dataclass(frozen=True)
class Look:
    """What stays the same for all heads of a model.

    triangles : (T, 3) int; lit : (L, 3) int, those that lamps reach: the others lie in the mouth;
    colours : (V, 3) float32, display 0..1; gaze : (V, 3) float32, metres
    from the eye's centre for vertices of an eye, else 0; focus : (3,) metres, what the camera of
    the thumbnails looks at; reach : metres, half of what it shows; iris : (3,) float32, display;
    paint : the skin, along whose seams triangles, colours and gaze are cut; else None.
    """

    triangles: np.ndarray
    lit: np.ndarray
    colours: np.ndarray
    gaze: np.ndarray
    focus: np.ndarray
    reach: float
    iris: np.ndarray = field(default_factory=_IRIS.copy)
    paint: Paint | None = None

    @cached_property
    def eyes(self) -> np.ndarray:
        """(V,) bool: vertices of eyes."""
        return np.asarray(self.gaze.any(1))

    def with_irises(self, colour: Sequence[float] | np.ndarray) -> Look:
        """With irises of another colour (3,), display 0..1."""
        return replace(self, iris=np.array(colour, np.float32))

    def wearing(self, paint: Paint) -> Look:
        """With a skin."""
        return replace(
            self,
            triangles=paint.triangles,
            colours=self.colours[paint.source],
            gaze=self.gaze[paint.source],
            paint=paint,
        )

    def surface(self, values: np.ndarray) -> np.ndarray:
        """Values of the head's vertices (V, C) on those that are drawn."""
        return values[self.paint.source] if self.paint else values

    @staticmethod
    def of_head(head: Head) -> Look:
        """The look of a head model; lips, brows and the mouth are told apart where it knows
        them."""
        look = Look.of_parts(head.template, head.polygons, head.part, head.part_names)
        annotated = head.annotated
        if annotated is None:
            return look
        colours = look.colours
        for name, tint in (("lips", _LIPS), ("brows", _BROWS), ("mouth_cavity", _LINING)):
            share = annotated.region(name)[:, None] * 0.85
            colours = colours + share * (tint - colours)
        return replace(look, colours=colours.astype(np.float32), lit=_lit(annotated))

    @staticmethod
    def of_parts(
        template: np.ndarray, polygons: np.ndarray, part: np.ndarray, part_names: tuple[str, ...]
    ) -> Look:
        """template : (V, 3) metres; polygons : (F, 4), -1 last in a triangle; part : (F,)."""
        colours = np.tile(_CLAY, (len(template), 1))
        gaze = np.zeros((len(template), 3), np.float32)
        balls: list[tuple[np.ndarray, float]] = []
        for index, name in enumerate(part_names):
            own = np.unique(polygons[part == index])
            own = own[own >= 0]
            colours[own] = _PART_COLOURS.get(name, _CLAY)
            if name.startswith("eye_") and own.size:
                centre = _sphere_centre(template[own])
                gaze[own] = template[own] - centre
                balls.append((centre, np.linalg.norm(template[own] - centre, axis=1).max()))
        focus, reach = _framing(template, np.any(gaze, axis=1))
        lashes = part == part_names.index("lashes") if "lashes" in part_names else part < 0
        thin = lashes & (_off_eyeballs(template, polygons, balls) > _LASH)
        triangles = triangulate(polygons[~thin])
        return Look(
            triangles,
            triangles,
            colours.astype(np.float32),
            gaze,
            focus,
            reach,
        )


def _off_eyeballs(
    template: np.ndarray, polygons: np.ndarray, balls: list[tuple[np.ndarray, float]]
) -> np.ndarray:
    """(F,) metres that polygons lie off the nearest of some balls, centre (3,) and radius; of none
    0."""
    middles = template[np.where(polygons < 0, polygons[:, :1], polygons)].mean(1)
    off = [np.linalg.norm(middles - centre, axis=1) - radius for centre, radius in balls]
    return np.min(off, axis=0) if off else np.zeros(len(polygons))


def _lit(head: OpenHead) -> np.ndarray:
    """(L, 3) triangles outside the mouth, and the sides that teeth turn to the lips."""
    kept = []
    for name in head.part_names:
        own = triangulate(head.part_polygons(name))
        if name.startswith("teeth"):
            middles = head.template[own].astype(np.float64).mean(1)
            out = (middles - middles.mean(0)) * (1, 0, 1)
            cosine = (face_normals(head.template, own) * out).sum(1) / np.linalg.norm(out, axis=1)
            own = own[cosine > _FRONT]
        elif "mouth_cavity" in head.region_names:
            own = own[(head.region("mouth_cavity")[own] < 0.5).all(1)]
        kept.append(own)
    return np.concatenate(kept)


def _framing(template: np.ndarray, eyes: ArrayLike) -> tuple[np.ndarray, float]:
    """Focus (3,) and reach in metres: the face from the chin to the hair, as far as the ears. Eyes
    lie half-way up a head, so they show where it is; a head without them is shown whole.
    eyes : (V,) bool."""
    low, high = template.min(0), template.max(0)
    eyes = np.asarray(eyes)
    if not eyes.any():
        return (low + high) / 2, float((high - low)[1] / 2 * _MARGIN)
    eye = template[eyes].mean(0)
    half = high[1] - eye[1]
    return np.array([0.0, eye[1] - _BELOW_EYES * half, eye[2] / 2]), float(half * _FACE)


def thumbnail(vertices: np.ndarray, look: Look, side: int = THUMBNAIL_SIDE) -> bytes:
    """A PNG of side x side pixels on soft grey, marked as ours. vertices : (V, 3) metres, engine
    frame."""
    coverage = render(vertices, look, thumbnail_camera(look, side))
    shade = np.linspace(1.06, 0.90, side, dtype=np.float32)[:, None, None]
    picture = coverage[..., :3] + (1 - coverage[..., 3:]) * _BACKDROP * shade
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(picture)).save(buffer, "PNG", compress_level=_COMPRESSION)
    return marked(buffer.getvalue())


def thumbnail_camera(look: Look, side: int) -> Camera:
    """The camera of all thumbnails: nearly from the front, far enough not to distort."""
    angle = np.radians(_TURN)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    translation = np.array([0, 0, -_DISTANCE]) - rotation @ look.focus
    focal = side / 2 / look.reach * _DISTANCE
    return Camera(focal, np.array([side / 2, side / 2]), rotation, translation, side, side)


def picturable(vertices: np.ndarray, look: Look) -> bool:
    """False for what no picture can show: a head (V, 3) that is not finite, far larger than heads
    are, or whose surface would wrap one many times over, as invented weights and models have them.
    Its triangles fill the picture thousands of times, which takes minutes and gigabytes.
    """
    if not np.abs(vertices - look.focus).max() <= _LARGEST * look.reach:
        return False
    a, b, c = (vertices[corner] for corner in look.triangles.T)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    return bool(area <= _LAYERS * 4 * np.pi * look.reach**2)


def render(vertices: np.ndarray, look: Look, camera: Camera) -> np.ndarray:
    """The head as `camera` sees it: (height, width, 4) float32, colour times coverage, coverage.

    vertices : (V, 3) metres, engine frame; of one that is not `picturable` nothing is seen.
    """
    if not picturable(look.surface(vertices), look):
        return np.zeros((camera.height, camera.width, 4), np.float32)
    seen = camera.to_camera(vertices)
    normals = look.surface(vertex_normals(seen, look.lit))
    seen = look.surface(seen)
    height, width = camera.height * _OVERSAMPLE, camera.width * _OVERSAMPLE
    depth = -seen[:, 2]
    flat = seen[:, :2] * (camera.focal / np.maximum(depth, 1e-6))[:, None] * (1, -1)
    points = (flat + camera.centre) * _OVERSAMPLE
    fragments = rasterise(points, depth, look.triangles, height, width)
    values = np.ones((len(fragments.pixel), 4), np.float32)
    values[:, :3] = _shaded(fragments, normals, look)
    return _halved(fragments.picture(values))


def _halved(picture: np.ndarray) -> np.ndarray:
    """(H, W, C) → (H / _OVERSAMPLE, W / _OVERSAMPLE, C), means of blocks."""
    total = np.zeros_like(picture[::_OVERSAMPLE, ::_OVERSAMPLE])
    for y in range(_OVERSAMPLE):
        for x in range(_OVERSAMPLE):
            total += picture[y::_OVERSAMPLE, x::_OVERSAMPLE]
    return total / np.float32(_OVERSAMPLE**2)


def _shaded(fragments: Fragments, normals: np.ndarray, look: Look) -> np.ndarray:
    """Display colours (N, 3): clay or skin under a key, a fill and a rim light.

    Lit at the vertices, which lie closer than the light changes; but irises are drawn by pixel.
    normals : (V, 3), camera frame.
    """
    light = np.full(len(normals), _AMBIENT, np.float32)
    light += 0.08 * normals[:, 1]
    for direction, strength in (_KEY, _FILL, _RIM):
        unit = (direction / np.linalg.norm(direction)).astype(np.float32)
        light += strength * np.clip(normals @ unit, 0, None)
    half = _KEY[0] / np.linalg.norm(_KEY[0]) + [0, 0, 1]
    half = (half / np.linalg.norm(half)).astype(np.float32)
    shine = 0.07 * np.clip(normals @ half, 0, None) ** 24
    lighting = np.stack((light, shine), 1)
    if look.paint:
        lighting *= _EXPOSURE
        lit = fragments.interpolate(lighting)
        base = look.paint.over(fragments, fragments.interpolate(look.colours))
        colour = base * lit[:, :1] + lit[:, 1:]
    else:
        colour = fragments.interpolate(look.colours * light[:, None] + shine[:, None])
    _draw_irises(fragments, colour, lighting, look)
    return colour


def _draw_irises(
    fragments: Fragments, colour: np.ndarray, lighting: np.ndarray, look: Look
) -> None:
    """Colour irises and pupils on the fragments of eyes. lighting : (V, 2), light and shine."""
    eye = np.flatnonzero(look.eyes[fragments.corners[:, 0]])
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
    iris = np.clip((IRIS_RADIUS - radius) / 0.0006 + 0.5, 0, 1) * front
    pupil = np.clip((PUPIL_RADIUS - radius) / 0.0005 + 0.5, 0, 1) * front
    depth = np.clip((radius - PUPIL_RADIUS) / (IRIS_RADIUS - PUPIL_RADIUS), 0, 1)
    rim = np.clip((radius - IRIS_RADIUS) / 0.0008 + 1, 0, 1)
    share = (INNER_SHARE + (OUTER_SHARE - INNER_SHARE) * depth) * (1 - (1 - _RIM_SHARE) * rim)
    tint = look.iris * (share * (1 - 0.92 * pupil))[:, None]
    lit = part.interpolate(lighting)
    colour[eye] += iris[:, None] * (tint * lit[:, :1] + lit[:, 1:] - colour[eye])


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Display colours 0..1 to uint8, same shape."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def _sphere_centre(vertices: np.ndarray) -> np.ndarray:
    """Centre of the least-squares sphere. vertices : (N, 3) -> (3,)."""
    system = np.c_[2 * vertices, np.ones(len(vertices))].astype(float)
    return np.linalg.lstsq(system, (vertices.astype(float) ** 2).sum(1), rcond=None)[0][:3]
