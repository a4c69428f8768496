"""A photo cut to the head and scaled to the texture's density, and where the head is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from ..geometry.rasteriser import Fragments, rasterise
from .colours import TO_LINEAR
from .photo_view import PhotoView
from .shape import Shape
from .trust import DepthMap, depth_map, softened, within

_LARGEST = 3072
_BEHIND = 0.004
"""Metres that what is seen may lie behind the nearest surface."""
_SCALES = (0.1, 2.0)
"""Least and most that a photo is scaled to the density of the texture."""


@dataclass(frozen=True, eq=False)
class Laid:
    """A cut photo and where the head is in it, before anything is known of its skin.

    picture : (h, w, 3) float32 linear; plain : (h, w) float32, 0 at edges and on hidden pixels;
    fragments, depth : of the head; places : (V, 2) pixels; distance : (V,) metres; pixel : metres.
    """

    picture: np.ndarray
    plain: np.ndarray
    fragments: Fragments
    depth: DepthMap
    places: np.ndarray
    distance: np.ndarray
    pixel: float

    def maps(self, columns: np.ndarray) -> np.ndarray:
        """Values of the vertices (V, C) as pictures (C, h, w); 1 where the head is not."""
        values = self.fragments.interpolate(columns.astype(np.float32))
        return np.moveaxis(self.fragments.picture(values, 1.0), 2, 0)


def lay(
    shape: Shape, view: PhotoView, places: np.ndarray, facing: np.ndarray, resolution: int
) -> Laid:
    """places : (V, 2) photo pixels of the vertices; facing : (V,) cosine between normal and view;
    resolution : side of the texture, pixels."""
    corner, scale = _frame(shape, places, facing, view, resolution)
    distance = -view.camera.to_camera(view.vertices)[:, 2]
    pixel = float(np.median(distance) / view.camera.focal / scale)
    picture = _cut(view.pixels, corner, scale)
    size = picture.shape[0], picture.shape[1]
    places = (places - corner[:2]) * scale
    fragments = rasterise(places, distance, shape.everything, *size)
    depth = depth_map(fragments, distance, pixel)
    plain = depth.clear * within(size, 0.004 / pixel)
    if view.hidden is not None:
        mask = _cut(view.hidden[..., None].repeat(3, 2).astype(np.uint8) * 255, corner, scale)
        plain *= softened(mask[..., 0] > 0.2, 0.001 / pixel, 0.004 / pixel)
    return Laid(picture, plain, fragments, depth, places, distance, pixel)


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


def averaged(picture: np.ndarray, trust: np.ndarray, blur: float) -> np.ndarray:
    """The picture (h, w, C) blurred over its trusted pixels only. trust : (h, w), 0..1; blur :
    pixels, the Gaussian's deviation."""
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


def in_sight(depth: DepthMap, place: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """(N,) bool: nothing of the head lies before what is at pixels place (N, 2), so far away (N,),
    metres."""
    return distance <= nearest(depth.depth, place) + _BEHIND


def nearest(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(N,) of the picture (h, w) at pixels place (N, 2), not interpolated."""
    height, width = picture.shape
    cell = np.clip(np.asarray(place).astype(np.int32), 0, (width - 1, height - 1))
    return picture[cell[:, 1], cell[:, 0]]
