"""What a photo shows around the brows, on the frontal plane of the head: where their shape and
colour are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from ..geometry.rasteriser import rasterise
from .brow_shape import BrowSamples
from .explanation import opponent
from .laid_photo import Laid, in_sight, sample
from .shape import Shape

_LEFT, _TOP, _WIDE, _HIGH = 0.0, 86.0, 76.5, 49.5
"""Millimetres of the frontal plane in which brows are looked for."""
_FINE, _SQUARE = 0.5, 3
"""Millimetres between samples, and how many of them each way are averaged."""
SQUARE: Final = (_FINE * _SQUARE) ** 2
"""Square millimetres that each sample stands for."""
_OVER, _AWAY = 4.0, 1000.0
"""Millimetres that triangles may reach over the middle of the face, and to the eye that sees it."""
_LID: Final = 0.15
"""Belonging to lids from which on a pixel is of the eye."""
_CREASE: Final = 3.0
"""Millimetres above the lids in which their crease is as dark as hair."""
_REDDER: Final = (0.06, 0.26)
"""Log R/G beside skin at which what is dark begins to be shade, into which skin throws its own
colour, and is."""
_SHADE: Final = 0.6
"""How much less dark shade counts."""
_PALER, _DARK = 0.3, -0.05
"""Log R/G by which hair is less red than skin: so much darker it counts, if it is darker at all."""
_HAIR, _HAIR_TOP, _HAIR_SIDE = -0.45, 77.5, 72.5
"""What is darker than the first and reaches above the second, or beyond the third, millimetres, is
a fringe or the hair at the temples."""
_MOST: Final = (-2.0, 0.6)
_ROOM: Final = 1.5
"""Millimetres around hair of the head."""
_LEAST: Final = 0.2
"""Share of a square that must be seen."""


@dataclass(frozen=True, eq=False)
class BrowView:
    """One photo's. samples : of the subject's left and right brow; colours : of each, (N, 3) log
    luminance, log R/G and log B/G beside skin; coloured : False for a photo in shades of grey."""

    samples: tuple[BrowSamples, BrowSamples]
    colours: tuple[np.ndarray, np.ndarray]
    coloured: bool


def brow_view(
    laid: Laid,
    shape: Shape,
    places: np.ndarray,
    skin: np.ndarray,
    sure: np.ndarray,
    lids: np.ndarray,
    coloured: bool,
) -> BrowView:
    """places : (V, 3), as `DrawnBrows.places`; skin : (V, 3) what the photo would show without
    brows, log luminance, log R/G, log B/G; sure, lids : (V,) 0..1, how far the photo shows a
    vertex, and belonging to the lids."""
    columns = np.column_stack([laid.places, laid.distance, sure, skin, lids])
    found = [_side(laid, shape, places, columns.astype(np.float32), side) for side in (0, 1)]
    samples = (found[0][0], found[1][0])
    return BrowView(samples, (found[0][1], found[1][1]), coloured)


def _side(
    laid: Laid, shape: Shape, places: np.ndarray, columns: np.ndarray, side: int
) -> tuple[BrowSamples, np.ndarray]:
    outwards = places[:, 0] if side == 0 else -places[:, 0]
    height, width = round(_HIGH / _FINE), round(_WIDE / _FINE)
    at = (np.c_[outwards, _TOP - places[:, 1]] - (_LEFT, 0)) / _FINE
    own = (outwards > -_OVER) & (places[:, 2] > 0)
    triangles = shape.triangles[own[shape.triangles].all(1)]
    if side == 1:
        triangles = triangles[:, ::-1]
    depth = _AWAY - places[:, 2]
    fragments = rasterise(at.astype(np.float32), depth, triangles, height, width)
    values = fragments.picture(fragments.interpolate(columns), 0.0).reshape(-1, columns.shape[1])
    place = values[:, :2]
    away = opponent(sample(laid.picture, place)) - values[:, 4:7]
    weight = values[:, 3] * sample(laid.plain[..., None], place)[:, 0]
    weight *= in_sight(laid.depth, place, values[:, 2])
    square = (height, width)
    away = np.where(weight[:, None] > 0, away, 0).reshape(*square, 3)
    weight = weight.reshape(square) * ~_eye(values[:, 7].reshape(square))
    dark = _as_hair(away)
    weight = weight * ~_hair_of_head(dark, weight)
    share = _squares(weight)
    mean = _squares(np.dstack([dark, away]) * weight[..., None])
    mean = mean / np.maximum(share, 1e-6)[..., None]
    row, column = np.mgrid[: share.shape[0], : share.shape[1]] + 0.5
    seen = share > _LEAST
    x, y = _LEFT + column * _FINE * _SQUARE, _TOP - row * _FINE * _SQUARE
    return BrowSamples(side, x[seen], y[seen], mean[seen][:, 0], share[seen]), mean[seen][:, 1:]


def _eye(lids: np.ndarray) -> np.ndarray:
    """(h, w) bool: lids (h, w) 0..1, what is below them, and their crease."""
    below = np.maximum.accumulate(lids > _LID, 0)
    rows = round(_CREASE / _FINE)
    below[:-rows] |= below[rows:]
    return below


def _as_hair(away: np.ndarray) -> np.ndarray:
    """(h, w) log luminance beside skin, less of it where it is shade, more where it is paler."""
    bright, red = away[..., 0], away[..., 1]
    share = np.clip((red - _REDDER[0]) / (_REDDER[1] - _REDDER[0]), 0, 1)
    found = np.clip(bright, *_MOST) * (1 - _SHADE * share)
    return found + np.clip(red, -_PALER, 0) * (found < _DARK)


def _hair_of_head(dark: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(h, w) bool: what is dark and hangs together with the upper or the outer end."""
    smooth = ndimage.gaussian_filter(dark, 1 / _FINE)
    parts, _ = ndimage.label((smooth < _HAIR) & (weight > 0))
    top = parts[: round((_TOP - _HAIR_TOP) / _FINE)]
    outer = parts[:, round((_HAIR_SIDE - _LEFT) / _FINE) :]
    hair = np.unique(np.r_[top.ravel(), outer.ravel()])
    found = np.isin(parts, hair[hair > 0])
    return np.asarray(ndimage.binary_dilation(found, iterations=round(_ROOM / _FINE)))


def _squares(values: np.ndarray) -> np.ndarray:
    """(h, w, ...) → (h / 3, w / 3, ...): means of squares."""
    height, width = values.shape[0] // _SQUARE, values.shape[1] // _SQUARE
    parts = values.reshape(height, _SQUARE, width, _SQUARE, *values.shape[2:])
    return parts.mean((1, 3))
