"""The colour of the irises in a photo, as under white light.

Low in the opening of the lids, clear of lashes and lamps' reflections, an iris shows its own
colour. The white of the eye beside it tells the light's, of which half is believed: in small
pictures the lids redden it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import map_coordinates

from .align import LEFT_EYE, RIGHT_EYE

_CORNERS: Final = ((33, 133), (362, 263))
_GRID: Final = np.stack(
    np.meshgrid(np.linspace(-0.6, 0.6, 97), np.linspace(-0.4, 0.4, 65)), -1
).reshape(-1, 2)
"""Where an eye is looked at: in lengths from corner to corner, x along the photo's row."""
_RADIUS: Final = 0.205
"""Of an iris."""
_CENTRES: Final = [(x, y) for x in np.linspace(-0.22, 0.22, 23) for y in np.linspace(-0.1, 0.1, 9)]
_LEAST_WIDTH: Final = 10.0
"""Pixels from corner to corner: of less no colour can be told."""
_LEAST_OPEN: Final = 0.12
"""Area of the opening, of a square as wide: a closed eye has less."""
_MARGIN: Final = 0.02
_RING: Final = (0.45, 0.88)
"""Radii of an iris between which it is neither pupil nor dark border."""
_WHITE: Final = (1.15, 1.9)
_LEAST_SEEN: Final = 0.15
"""Of the ring that must be seen."""
_REFLECTION: Final = 80
"""Percentile of an iris's brightness beyond which it mirrors a lamp."""
_BELIEVED: Final = 0.5
_BLEEDING: Final = 2.2
"""Pixels from corner to corner for each share of skin that a small picture mixes into an iris."""
_MOST_BLED: Final = 0.12
_SCLERA: Final = np.array([0.70, 0.63, 0.58])
"""Linear, of a white of the eye in white light."""
_BRIGHTEST, _DARKEST = 0.35, 0.045
"""Linear. What a photo shows darker lies in the lids' shade; on a head it would look black."""
_BROWN: Final = np.array([1.65, 0.85, 0.5])
_SURELY_BROWN, _MAYBE_BROWN = 0.015, 0.05
"""Brightness, linear, up to which an iris is taken for brown wholly, and not at all: only brown
ones are so dark, and so little light tells no colour."""


def iris_colour(
    pixels: np.ndarray, landmarks: np.ndarray, hidden: np.ndarray | None = None
) -> np.ndarray | None:
    """(3,) float32 sRGB in 0..1, or None where no open eye is seen large enough.

    pixels : (H, W, 3) uint8; landmarks : (468, 2 or more) photo pixels; hidden : (H, W) bool, or
    None, what is known to be covered.
    """
    points = np.asarray(landmarks, np.float64)[:, :2]
    found = [
        _eye(pixels, points, corners, outline, hidden)
        for corners, outline in zip(_CORNERS, (RIGHT_EYE, LEFT_EYE), strict=True)
    ]
    seen = [one for one in found if one is not None]
    if not seen:
        return None
    weight = np.array([share for _, share in seen])
    linear = (np.stack([colour for colour, _ in seen]) * weight[:, None]).sum(0) / weight.sum()
    return (np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.float32)


def _eye(
    pixels: np.ndarray,
    points: np.ndarray,
    corners: tuple[int, int],
    outline: tuple[int, ...],
    hidden: np.ndarray | None,
) -> tuple[np.ndarray, float] | None:
    """One iris's linear colour (3,), and how much of it is seen."""
    first, second = points[list(corners)]
    along = second - first
    width = float(np.linalg.norm(along))
    if width < _LEAST_WIDTH:
        return None
    middle = (first + second) / 2
    turn = np.stack((along, (-along[1], along[0])))
    lids = (points[list(outline)] - middle) @ np.linalg.inv(turn)
    depth = _depth_inside(_GRID, lids)
    if _area(lids) < _LEAST_OPEN:
        return None
    at = (_GRID @ turn + middle)[:, ::-1].T - 0.5
    planes = np.moveaxis(pixels.astype(float), 2, 0)
    colour = np.stack([map_coordinates(p, at, order=1, mode="nearest") for p in planes], 1)
    linear = (colour / 255) ** 2.2
    inside, skin = depth > _MARGIN, linear[(depth < -0.05) & (depth > -0.15)].mean(0)
    if hidden is not None:
        inside &= ~map_coordinates(hidden.astype(float), at, order=0, mode="nearest").astype(bool)
    bled = min(_BLEEDING / width, _MOST_BLED)
    return _read(np.maximum(linear - bled * skin, 0.1 * linear) / (1 - bled), inside)


def _read(linear: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, float] | None:
    """linear : (G, 3) on the grid; inside : (G,) bool, within the opening of the lids."""
    brightness = np.sqrt(linear.mean(1))
    centre = max(_CENTRES, key=lambda one: _likeness(brightness, inside, one))
    away = np.linalg.norm(_GRID - centre, axis=1) / _RADIUS
    ring = (away > _RING[0]) & (away < _RING[1])
    low = _GRID[:, 1] > centre[1] - 0.35 * _RADIUS
    shown = ring & low & inside
    share = shown.sum() / max(ring.sum(), 1)
    white = inside & (away > _WHITE[0]) & (away < _WHITE[1])
    if share < _LEAST_SEEN or white.sum() < 5:
        return None
    own = linear[shown & (brightness <= np.percentile(brightness[shown], _REFLECTION))]
    light = linear[white & (brightness >= np.percentile(brightness[white], 60))].mean(0)
    tint = (light / light.mean()) / (_SCLERA / _SCLERA.mean())
    level = np.clip(light.mean() / _SCLERA.mean(), 0.35, 1.5)
    colour = np.median(own, 0) / tint**_BELIEVED / level
    mean = max(float(colour.mean()), 1e-6)
    brown = np.clip((_MAYBE_BROWN - mean) / (_MAYBE_BROWN - _SURELY_BROWN), 0, 1)
    hue = (1 - brown) * colour / mean + brown * _BROWN
    return hue * np.clip(mean, _DARKEST, _BRIGHTEST), float(share)


def _likeness(brightness: np.ndarray, inside: np.ndarray, centre: tuple[float, float]) -> float:
    """How much darker a disc of an iris's size is than what lies around it."""
    away = np.linalg.norm(_GRID - centre, axis=1) / _RADIUS
    disc, around = inside & (away < 0.95), inside & (away > 1.1) & (away < 1.7)
    if disc.sum() < 20 or around.sum() < 5:
        return -np.inf
    return float(brightness[around].mean() - brightness[disc].mean())


def _area(outline: np.ndarray) -> float:
    x, y = outline.T
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)


def _depth_inside(places: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """(N,) distance to the outline of places (N, 2) inside a polygon (M, 2), below 0 outside."""
    start, end = outline, np.roll(outline, -1, 0)
    way = end - start
    offset = places[:, None] - start
    share = np.clip((offset * way).sum(2) / np.maximum((way * way).sum(1), 1e-12), 0, 1)
    distance = np.linalg.norm(offset - share[..., None] * way, axis=2).min(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = start[:, 0] + (places[:, 1:] - start[:, 1]) * way[:, 0] / way[:, 1]
    crossed = (start[:, 1] > places[:, 1:]) != (end[:, 1] > places[:, 1:])
    inside = (crossed & (places[:, :1] < x)).sum(1) % 2 == 1
    return np.where(inside, distance, -distance)
