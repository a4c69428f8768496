"""A small z-buffer view of a coloured mesh that remembers which surface point each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...geometry.rasteriser import Fragments, rasterise
from ...geometry.triangles import vertex_normals


@dataclass(frozen=True)
class SurfaceView:
    """picture : (S, S, 3) float32 in 0..1; seen : what its pixels show; pixels : (V, 2), the
    vertices in picture pixels."""

    picture: np.ndarray
    seen: Fragments
    pixels: np.ndarray

    def surface_point(self, row: np.ndarray, column: np.ndarray, on: np.ndarray) -> np.ndarray:
        """(N, C) values `on` vertices (V, C) at pixels (N,); NaN beside the surface."""
        at = np.full(self.picture.shape[:2], -1)
        at.ravel()[self.seen.pixel] = np.arange(len(self.seen.pixel))
        fragment = at[row, column]
        values = (on[self.seen.corners] * self.seen.weights[:, :, None]).sum(1)
        return np.where(fragment[:, None] >= 0, values[fragment], np.nan)


def view(
    vertices: np.ndarray,
    triangles: np.ndarray,
    colours: np.ndarray,
    *,
    turn: np.ndarray,
    centre: np.ndarray,
    extent: float,
    distance: float = 1.0,
    size: int = 512,
    light: tuple[float, float, float] = (0.3, 0.5, 1.0),
    background: float = 1.0,
) -> SurfaceView:
    """Perspective view from the front.

    vertices : (V, 3) metres; colours : (V, 3) in 0..1; turn : (3, 3) rotation of the head about
    centre; extent : metres across the picture at the centre; distance : metres from the eye.
    """
    turned = (vertices - centre) @ turn.T
    depth = distance - turned[:, 2]
    scale = size * distance / extent
    pixels = turned[:, :2] * [1, -1] / depth[:, None] * scale + size / 2
    seen = rasterise(pixels, depth, triangles, size, size)
    corners, weights = seen.corners, seen.weights[:, :, None]
    normals = (vertex_normals(turned, triangles, float)[corners] * weights).sum(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    towards = np.asarray(light) / np.linalg.norm(light)
    shade = 0.35 + 0.65 * np.clip(normals @ towards, 0, 1)
    picture = np.full((size, size, 3), background, np.float32)
    shown = (colours[corners] * weights).sum(1) * shade[:, None]
    picture.reshape(-1, 3)[seen.pixel] = np.clip(shown, 0, 1)
    return SurfaceView(picture, seen, pixels)
