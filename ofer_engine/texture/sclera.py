"""The whites of the eyes in a photo: of one colour in nearly all people, so that they tell light
from skin."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from .explanation import Explanation, opponent
from .laid_photo import Laid
from .shape import Shape

_EYEBALL: Final = 0.98
"""Belonging to an eyeball from which on a pixel shows it."""
_SURE: Final = 0.5
"""How far evidence and picture must say that an eye is seen."""
_EDGE: Final = 0.0003
"""Metres from the lids within which an eyeball is not believed."""
_GLARE: Final = 0.001
"""Metres from reflections that a camera, and enlarging a photo, spread."""
_LESS_RED, _BLUER = -0.12, 0.04
"""Log R/G and log B/G beside the skin's, below and above which a pixel may be white: no lid is."""
_FEWEST: Final = (0.1, 6.0)
"""The least share of an eye, and square millimetres, that must be so."""
_BRIGHT: Final = (0.75, 0.97)
"""Quantiles of luminance of those between which they are white: darker are iris, lashes and shade,
brighter are reflections."""
_BESIDE: Final = (-0.6, 1.7)
"""Log luminance beside the skin's that the white of an eye may have: darker is behind dark glass,
brighter a reflection on glass."""
_CLIPPED: Final = 0.97
"""Linear colour from which on a photo measures no more light."""
_AROUND: Final = (0.0025, 0.006)
"""Metres outside an eye, from and to, between which lids and sockets are."""
_SURROUND: Final = 0.8
"""The share of what is around an eye, of the eye's own, above which what looks white is no eye but
glass, or a hand, before it."""


def sclera_colour(
    laid: Laid, shape: Shape, eyeballs: np.ndarray, seen: np.ndarray, explanation: Explanation
) -> np.ndarray | None:
    """(3,) log luminance, log R/G, log B/G of the whites of the eyes, mean of both by how much of
    each is white; None where a photo shows too little white, or no colours.

    eyeballs : (V,) 0..1, belonging to one; seen : (V,) 0..1, how far the evidence says that a
    vertex is seen."""
    if not explanation.coloured:
        return None
    left = shape.template[:, 0] > 0
    inside, side, sure = laid.maps(np.column_stack([eyeballs, eyeballs * left, seen]))
    inside = (inside > _EYEBALL) & np.isfinite(laid.depth.depth)
    found = [
        white
        for eye in (inside & (side > 0.5), inside & (side <= 0.5))
        if (white := _white(laid, eye, sure, explanation.level)) is not None
    ]
    if not found:
        return None
    colours, shares = zip(*found, strict=True)
    return np.average(colours, 0, shares)


def _white(
    laid: Laid, eye: np.ndarray, sure: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, float] | None:
    """Colour (3,) and share of an eye's white. eye : (h, w) bool, its pixels; sure : (h, w)."""
    deep = ndimage.distance_transform_edt(eye) > _EDGE / laid.pixel
    reach = 2 * round(_GLARE / laid.pixel) + 1
    deep &= ndimage.maximum_filter(laid.picture.max(2), reach) < _CLIPPED
    deep &= np.minimum(sure, laid.plain) > _SURE
    shown = opponent(laid.picture[deep])
    white = _whitish(shown, skin)
    share, least = _FEWEST
    if white.sum() < max(share * len(white), least / (1000 * laid.pixel) ** 2):
        return None
    if _whitish(opponent(laid.picture[_around(eye, laid)]), skin).mean() > _SURROUND * white.mean():
        return None
    low, high = np.quantile(shown[white, 0], _BRIGHT)
    colour = shown[white & (shown[:, 0] >= low) & (shown[:, 0] <= high)].mean(0)
    darkest, brightest = _BESIDE
    return (colour, float(white.mean())) if darkest < colour[0] - skin[0] < brightest else None


def _whitish(shown: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(N,) bool: which of the colours (N, 3) may be an eye's white beside the skin (3,)."""
    beside = shown - skin
    return (beside[:, 1] < _LESS_RED) & (beside[:, 2] > _BLUER)


def _around(eye: np.ndarray, laid: Laid) -> np.ndarray:
    """(h, w) bool: the ring around the pixels of an eye."""
    near, far = _AROUND
    away = ndimage.distance_transform_edt(~eye) * laid.pixel
    return (away > near) & (away < far)
