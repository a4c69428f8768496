"""How far a photo can be trusted, pixel by pixel: edges of the head, hands and hair over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..geometry.rasteriser import rasterise

_EDGE = 0.006
"""Metres of depth between neighbouring pixels that make an edge behind which nothing is seen."""
_NEAR_EDGE, _CLEAR_OF_EDGE = 0.0006, 0.0030
"""Metres from an edge: nothing is believed nearer than the first, everything from the second on."""
_TOLERANCE = 3.6
"""Standard deviations from the skin's colour where skin ends."""
_LEAST_RED, _MOST_BLUE, _ENOUGH = 0.02, 0.12, 0.2
"""Log R/G and log B/G of human skin in white light; where less than the last share of what is seen
is like that, the light is coloured and nothing is known beforehand."""
_LEAST_SPREAD = np.array([0.08, 0.025, 0.03])


@dataclass(frozen=True, eq=False)
class SkinColour:
    """The photo's own skin: mean (3,) and precision (3, 3) of log luminance, log R/G, log B/G."""

    mean: np.ndarray
    precision: np.ndarray

    @classmethod
    def of(cls, colours: np.ndarray, trust: np.ndarray) -> SkinColour:
        """colours : (N, 3) linear, seen on the skin; trust : (N,). Twice trimmed, so a lock of hair
        in between does not count."""
        features = colour_features(colours)
        kept = trust > 0.3 * max(float(trust.max()), 1e-9)
        human = kept & (features[:, 1] > _LEAST_RED) & (features[:, 2] < _MOST_BLUE)
        if trust[human].sum() > _ENOUGH * trust[kept].sum():
            kept = human
        features, weight = features[kept], trust[kept]
        mean = np.median(features, 0)
        near = np.ones(len(features), bool)
        for reach in (3.0, 2.2, 2.0):
            scale = 1.4826 * np.median(np.abs(features[near] - mean), 0) + _LEAST_SPREAD
            near = (np.abs(features - mean) / scale).max(1) < reach
            mean = np.average(features[near], 0, weights=weight[near])
        spread = np.cov(features[near].T, aweights=weight[near]) + np.diag(_LEAST_SPREAD) ** 2
        return cls(mean, np.linalg.inv(spread))

    def likeness(self, colours: np.ndarray) -> np.ndarray:
        """(...,) float32 in 0..1: whether colours (..., 3) linear are this skin."""
        away = colour_features(colours) - self.mean
        # Shadow and shine move the luminance far more than the hue.
        away[..., 0] *= 0.5
        distance = np.sqrt(np.einsum("...i,ij,...j", away, self.precision, away))
        return ramp(distance, _TOLERANCE, 0.5 * _TOLERANCE).astype(np.float32)

    def paleness(self, colours: np.ndarray) -> np.ndarray:
        """(...,) float32 in 0..1: whether colours are as pale as teeth or the white of an eye."""
        away = colour_features(colours) - self.mean
        return ramp(-away[..., 1], 0.12, 0.22).astype(np.float32)

    def toothlike(self, colours: np.ndarray) -> np.ndarray:
        """(...,) float32 in 0..1: whether colours are brighter than this skin and less red, as
        teeth are between lips, and lips are not."""
        away = colour_features(colours) - self.mean
        return (ramp(-away[..., 1], 0.0, 0.06) * ramp(away[..., 0], -0.1, 0.1)).astype(np.float32)


def colour_features(colours: np.ndarray) -> np.ndarray:
    """(..., 3) linear → (..., 3) log luminance, log R/G, log B/G."""
    safe = np.asarray(colours, np.float64) + 0.004
    luminance = safe @ np.array([0.2126, 0.7152, 0.0722])
    log = np.log(safe)
    return np.stack([np.log(luminance), log[..., 0] - log[..., 1], log[..., 2] - log[..., 1]], -1)


@dataclass(frozen=True, eq=False)
class DepthMap:
    """What stands before what. depth : (H, W) float32 metres, inf where the head is not;
    clear : (H, W) float32 0..1, 0 at the head's edges."""

    depth: np.ndarray
    clear: np.ndarray


def depth_map(
    places: np.ndarray,
    depth: np.ndarray,
    triangles: np.ndarray,
    size: tuple[int, int],
    pixel: float,
) -> DepthMap:
    """The head's depth in a picture.

    places : (V, 2) pixels; depth : (V,) metres; triangles : (T, 3); size : (height, width);
    pixel : metres that a pixel spans at the face.
    """
    fragments = rasterise(places, depth, triangles, *size)
    seen = np.full(size[0] * size[1], np.inf, np.float32)
    seen[fragments.pixel] = fragments.interpolate(depth[:, None].astype(np.float32))[:, 0]
    seen = seen.reshape(size)
    near = ndimage.minimum_filter(seen, 3)
    far = ndimage.maximum_filter(np.where(np.isinf(seen), 10.0, seen), 3)
    with np.errstate(invalid="ignore"):
        edge = far - near > _EDGE + 3 * pixel
    clear = ramp(_distance(~edge) * pixel, _NEAR_EDGE, _CLEAR_OF_EDGE)
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


def ramp(value: np.ndarray, none: float, full: float) -> np.ndarray:
    """0 at `none` and beyond, 1 at `full`; smooth between."""
    t = np.clip((np.asarray(value) - none) / (full - none), 0, 1)
    return t * t * (3 - 2 * t)
