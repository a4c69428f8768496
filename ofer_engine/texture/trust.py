"""How far a photo can be trusted, pixel by pixel: edges of the head, hands and hair over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..geometry.rasteriser import Fragments
from ..geometry.smooth_step import smooth_step

_EDGE = 0.006
"""Metres of depth between neighbouring pixels that make an edge behind which nothing is seen."""
_NEAR_EDGE, _CLEAR_OF_EDGE = 0.0006, 0.0030
"""Metres from an edge: nothing is believed nearer than the first, everything from the second on."""


@dataclass(frozen=True, eq=False)
class DepthMap:
    """What stands before what. depth : (H, W) float32 metres, inf where the head is not;
    clear : (H, W) float32 0..1, 0 at the head's edges."""

    depth: np.ndarray
    clear: np.ndarray


def depth_map(fragments: Fragments, depth: np.ndarray, pixel: float) -> DepthMap:
    """The head's depth in a picture.

    fragments : of the head in it; depth : (V,) metres; pixel : metres that a pixel spans at the
    face.
    """
    shown = fragments.interpolate(depth[:, None].astype(np.float32))
    seen = fragments.picture(shown, np.inf)[..., 0]
    near = ndimage.minimum_filter(seen, 3)
    far = ndimage.maximum_filter(np.where(np.isinf(seen), 10.0, seen), 3)
    with np.errstate(invalid="ignore"):
        edge = far - near > _EDGE + 3 * pixel
    clear = smooth_step(_distance(~edge) * pixel, _NEAR_EDGE, _CLEAR_OF_EDGE)
    clear[np.isinf(seen)] = 0
    return DepthMap(seen, clear.astype(np.float32))


def _distance(inside: np.ndarray) -> np.ndarray:
    """(H, W) float64: pixels to the nearest False."""
    return np.asarray(ndimage.distance_transform_edt(inside), np.float64)


def within(size: tuple[int, int], margin: float) -> np.ndarray:
    """(H, W) float32: 0 at the picture's border, 1 from `margin` pixels inside on."""
    rows, columns = (np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5) for n in size)
    return np.clip(np.minimum(rows[:, None], columns) / margin, 0, 1).astype(np.float32)


def opened(mask: np.ndarray, radius: float) -> np.ndarray:
    """A mask (H, W) bool without what is thinner than two radii, pixels: pores, freckles and
    nostrils are no hands."""
    core = _distance(mask) > radius
    return _distance(~core) <= radius if core.any() else core


def softened(mask: np.ndarray, grow: float, blur: float) -> np.ndarray:
    """1 well outside a mask (H, W) bool, 0 in it and `grow` pixels around it; float32."""
    if not mask.any():
        return np.ones(mask.shape, np.float32)
    away = _distance(~mask) - grow
    return np.clip(away / max(blur, 1e-6), 0, 1).astype(np.float32)
