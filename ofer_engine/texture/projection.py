"""One photo laid over the head: where each vertex is in it, and how far pixels can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.spatial import KDTree

from ..geometry.rasteriser import rasterise
from ..geometry.triangles import vertex_normals
from ..heads.camera import Camera
from .alignment import PointEvidence, photo_places
from .colours import LUMINANCE, TO_LINEAR
from .features import Features
from .fields import spread
from .shading import light_of
from .shape import Shape
from .trust import DepthMap, SkinColour, depth_map, opened, ramp, softened, within

_LARGEST = 3072
_SCALES = (0.1, 2.5)
"""Least and most that a photo is scaled to the density of the texture."""
_GRAZING, _FACING = 0.15, 0.65
"""Cosines between normal and view: nothing is believed below the first, all above the second."""
_HIDDEN, _SEEN = 0.30, 0.70
_POINT_REACH = 0.008
_UNTOLD = 0.6
"""How far a place is believed about which the evidence says nothing: ears, crown, neck."""
_FEATHER = 5.0
"""Millimetres over which belief fades on the skin."""
_BEHIND = 0.004
_BROW = 0.0042
"""Metres: no brow is wider than two of these; hair that hangs over it is."""
_MASS = 0.008
"""Metres: half the width of what throws a shadow on the skin beside it, such as a fringe."""
_LOW_BLUR = 0.0035
"""Metres over which the colour of a vertex is averaged."""


@dataclass(frozen=True, eq=False)
class PhotoView:
    """One photo of the person.

    pixels : (H, W, 3) uint8 sRGB; camera : of this photo; vertices : (V, 3) float32 metres, engine
    frame, the head with this photo's expression; hidden : (H, W) bool, pixels that do not show the
    face, or None.
    """

    pixels: np.ndarray
    camera: Camera
    vertices: np.ndarray
    evidence: PointEvidence
    hidden: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Projection:
    """A photo cut to the head and scaled to the texture's density.

    picture, soft : (h, w, 3) float32 linear, sharp and averaged over what is trusted; trust :
    (h, w) float32; depth : of the head; places : (V, 2) pixels of `picture`; distance : (V,)
    metres; sure : (V,) 0..1, what angle and evidence leave; light : (V,) how much brighter than
    average the light makes it; skin : the photo's skin.
    """

    picture: np.ndarray
    soft: np.ndarray
    trust: np.ndarray
    depth: DepthMap
    places: np.ndarray
    distance: np.ndarray
    sure: np.ndarray
    light: np.ndarray
    skin: SkinColour

    def at_vertices(self) -> np.ndarray:
        """(V, 5) float32: place x, y, distance, sure, light; what `colours` reads."""
        columns = (self.places, self.distance, self.sure, self.light)
        return np.column_stack(columns).astype(np.float32)

    def colours(self, at: np.ndarray, soft: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Unlit linear colours (N, 3) and how far they are believed (N,).

        at : (N, 5) as `at_vertices` has them; soft : averages instead of single pixels.
        """
        place, distance, sure, light = at[:, :2], at[:, 2], at[:, 3], at[:, 4]
        colour = sample(self.soft if soft else self.picture, place) / light[:, None]
        nearest = _nearest(self.depth.depth, place)
        weight = sure * (distance <= nearest + _BEHIND) * sample(self.trust[..., None], place)[:, 0]
        return colour, weight


@dataclass(frozen=True, eq=False)
class _Laid:
    """A cut photo and where the head is in it, before anything is known of its skin.

    picture : (h, w, 3) float32 linear; plain : (h, w) float32, 0 at edges and on hidden pixels;
    depth : of the head; places : (V, 2) pixels; distance : (V,) metres; pixel : metres.
    """

    picture: np.ndarray
    plain: np.ndarray
    depth: DepthMap
    places: np.ndarray
    distance: np.ndarray
    pixel: float

    def blurred(self, metres: float) -> np.ndarray:
        """The picture averaged over about that distance."""
        reach = metres / self.pixel
        return ndimage.gaussian_filter(self.picture, (reach, reach, 0))

    def maps(self, shape: Shape, columns: np.ndarray) -> np.ndarray:
        """Values of the vertices (V, C) as pictures (C, h, w); 1 where the head is not."""
        fragments = rasterise(self.places, self.distance, shape.everything, *self.plain.shape)
        values = fragments.interpolate(columns.astype(np.float32))
        return np.moveaxis(fragments.picture(values, 1.0), 2, 0)


def project(shape: Shape, features: Features, view: PhotoView, resolution: int) -> Projection:
    """Lay a photo over the head. resolution : side of the texture, pixels."""
    places = photo_places(view.vertices, view.camera, view.evidence)
    towards = view.camera.to_camera(view.vertices)
    normals = vertex_normals(view.vertices, shape.triangles)
    towards = -towards / np.linalg.norm(towards, axis=1, keepdims=True)
    facing = (normals @ view.camera.rotation.T * towards).sum(1)
    seen = _seen_by_evidence(shape, view.evidence)
    sure = ramp(facing, _GRAZING, _FACING) * seen * (1 - np.clip(features.cavity * 2, 0, 1))
    sure = np.minimum(sure, np.clip(spread(shape, sure[:, None], _FEATHER)[:, 0], 0, 1))
    laid = _lay(shape, view, places, *_frame(shape, places, facing, view, resolution))
    skinlike = sure * seen * (1 - _unlike(features)) * (seen > 0.5)
    light, skin = _lit_skin(laid, normals, skinlike)
    trust = laid.plain * _believed(laid, shape, features, light, skin)
    soft = _averaged(laid.picture, trust, _LOW_BLUR / laid.pixel)
    return Projection(
        laid.picture, soft, trust, laid.depth, laid.places, laid.distance, sure, light, skin
    )


def _lay(
    shape: Shape, view: PhotoView, places: np.ndarray, corner: np.ndarray, scale: float
) -> _Laid:
    distance = -view.camera.to_camera(view.vertices)[:, 2]
    pixel = float(np.median(distance) / view.camera.focal / scale)
    picture = _cut(view.pixels, corner, scale)
    size = picture.shape[0], picture.shape[1]
    places = (places - corner[:2]) * scale
    depth = depth_map(places, distance, shape.everything, size, pixel)
    plain = depth.clear * within(size, 0.004 / pixel)
    if view.hidden is not None:
        mask = _cut(view.hidden[..., None].repeat(3, 2).astype(np.uint8) * 255, corner, scale)
        plain *= softened(mask[..., 0] > 0.2, 0.001 / pixel, 0.004 / pixel)
    return _Laid(picture, plain, depth, places, distance, pixel)


def _lit_skin(
    laid: _Laid, normals: np.ndarray, skinlike: np.ndarray
) -> tuple[np.ndarray, SkinColour]:
    """Light (V,) and the colour of the skin, each found with the help of the other."""
    colour = sample(_averaged(laid.picture, laid.plain, 0.002 / laid.pixel), laid.places)
    weight = skinlike * sample(laid.plain[..., None], laid.places)[:, 0]
    weight = weight * (laid.distance <= _nearest(laid.depth.depth, laid.places) + _BEHIND)
    weight = weight * SkinColour.of(colour, weight).likeness(colour)
    light = light_of(normals, colour @ LUMINANCE, weight)
    return light, SkinColour.of(colour / light[:, None], weight)


def _believed(
    laid: _Laid, shape: Shape, features: Features, light: np.ndarray, skin: SkinColour
) -> np.ndarray:
    """(h, w): whether pixels are skin; lips, brows and lids may have other colours, but are never
    as pale as teeth or the white of an eye, and lips not brighter than skin and less red."""
    brows = np.clip(1.6 * features.brows - 0.3, 0, 1)
    coloured = np.clip(features.lids + features.lips, 0, 1)
    lips = np.clip(features.lips, 0, 1)
    lit, brow, spared, lip = laid.maps(shape, np.stack([light, brows, coloured, lips], 1))
    unlit = laid.blurred(0.0007) / lit[..., None]
    like, pale = skin.likeness(unlit), 1 - skin.paleness(unlit)
    pale = pale * (1 - lip * skin.toothlike(unlit))
    other = like < 0.3
    bald = softened(opened(other, _BROW / laid.pixel), 0.0018 / laid.pixel, 0.0045 / laid.pixel)
    wide = softened(opened(other, 0.0022 / laid.pixel), 0.0018 / laid.pixel, 0.0045 / laid.pixel)
    pale = pale * softened(pale < 0.5, 0.0004 / laid.pixel, 0.0012 / laid.pixel)
    mass = opened(other & np.isfinite(laid.depth.depth), _MASS / laid.pixel)
    lit_freely = softened(mass, 0.004 / laid.pixel, 0.009 / laid.pixel)
    believed = ndimage.minimum_filter(like, 3) * wide * lit_freely
    believed += brow * (pale * bald - believed)
    believed += spared * (pale - believed)
    return ndimage.gaussian_filter(believed, 0.001 / laid.pixel)


def _unlike(features: Features) -> np.ndarray:
    """(V,) 0..1: skin whose colour says little about the rest."""
    parts = (features.lips, features.brows, features.lids, features.scalp, features.ears)
    return np.clip(sum(parts) + features.cavity + features.neck, 0, 1)


def _seen_by_evidence(shape: Shape, evidence: PointEvidence) -> np.ndarray:
    """(V,) 0..1: how far the evidence says that a vertex is seen."""
    points = shape.template[evidence.vertices]
    away, near = KDTree(points).query(shape.template, k=6)
    weight = np.exp(-0.5 * (away / _POINT_REACH) ** 2) + 1e-12
    visible = (weight * evidence.visible[near]).sum(1) / weight.sum(1)
    known = ramp(-np.asarray(away)[:, 0], -0.035, -0.012)
    return ramp(visible, _HIDDEN, _SEEN) * known + _UNTOLD * (1 - known)


def _frame(
    shape: Shape, places: np.ndarray, facing: np.ndarray, view: PhotoView, resolution: int
) -> tuple[np.ndarray, float]:
    """Left, top, right, bottom (4,) whole photo pixels around the head, and the scale."""
    height, width = view.pixels.shape[:2]
    skin = np.unique(shape.triangles)
    low = np.clip(np.floor(places[skin].min(0)) - 2, 0, (width - 2, height - 2))
    high = np.clip(np.ceil(places[skin].max(0)) + 2, low + 2, (width, height))
    front = (facing[shape.triangles] > 0.7).all(1)
    texels = _areas(shape.corners[front] * resolution)
    pixels = _areas(places[shape.triangles[front]])
    density = np.sqrt(np.median(texels / np.maximum(pixels, 1e-9))) if front.any() else 1.0
    scale = float(np.clip(density, *_SCALES))
    return np.r_[low, high], min(scale, _LARGEST / float((high - low).max()))


def _areas(corners: np.ndarray) -> np.ndarray:
    """(T,) of triangles (T, 3, 2)."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


def _cut(pixels: np.ndarray, corner: np.ndarray, scale: float) -> np.ndarray:
    """(h, w, 3) float32 linear."""
    left, top, right, bottom = corner.astype(int)
    part = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
    size = max(round(part.width * scale), 2), max(round(part.height * scale), 2)
    return TO_LINEAR[np.asarray(part.resize(size, Image.Resampling.LANCZOS))]


def _averaged(picture: np.ndarray, trust: np.ndarray, blur: float) -> np.ndarray:
    """The picture blurred over its trusted pixels only."""
    weight = trust[..., None] + 1e-4
    total = ndimage.gaussian_filter(picture * weight, (blur, blur, 0))
    return total / ndimage.gaussian_filter(weight, (blur, blur, 0))


def sample(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Bilinear. picture : (h, w, C); place : (N, 2) pixels, centres at +0.5 → (N, C) float32."""
    height, width = picture.shape[:2]
    at = np.clip(np.asarray(place, np.float32) - 0.5, 0, (width - 1.001, height - 1.001))
    cell = at.astype(np.int32)
    u, v = (at - cell).T[..., None]
    flat = picture.reshape(height * width, -1)
    index = cell[:, 1] * width + cell[:, 0]
    upper = flat[index] * (1 - u) + flat[index + 1] * u
    lower = flat[index + width] * (1 - u) + flat[index + width + 1] * u
    return upper * (1 - v) + lower * v


def _nearest(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    height, width = picture.shape
    cell = np.clip(np.asarray(place).astype(np.int32), 0, (width - 1, height - 1))
    return picture[cell[:, 1], cell[:, 0]]
