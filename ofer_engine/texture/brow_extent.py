"""Where a photo's brows are: the head's place for them moved to the photo's own, and what grows out
of it.

People's brows lie some millimetres above or below the head's, are thicker, and the detector's
landmarks lie above them. Hair beside the head's place would count as no skin, so that a brow would
lose all but its outline.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage

from ..geometry.smooth_step import smooth_step
from .laid_photo import Laid
from .trust import opened

_BELONGS: Final = 0.5
"""Belonging to the place of brows from which on a pixel is in it."""
_DOWN, _UP, _ASIDE, _STEP = 0.008, 0.006, 0.003, 0.0005
"""Metres that a place is moved at most, and in what steps."""
_FAR: Final = 8.0
"""Log luminance for each metre that a place is moved: of two the nearer is likelier."""
_LEVEL: Final = 0.006
"""Metres: shade that is broader is not of a brow."""
_CONTRAST: Final = 0.06
"""By how much hair is darker than the skin around it at least, mean over a brow."""
_REDDER: Final = (0.2, 0.06)
"""Log R/G beside skin at which what is dark is shade, into which skin throws its own colour, and at
which it is hair."""
_DARK: Final = -0.25
"""Log luminance beside skin of brows that are hair, not shade."""
_SHARE: Final = 0.4
"""Of that of the brow's own hair: as dark is what grows out of it."""
_REACH: Final = 0.006
"""Metres from the place of brows up to which they grow."""
_BETWEEN: Final = 0.0025
"""Metres: half the width of gaps between hair that are part of the brow."""
_BEYOND: Final = 0.25
"""What goes on farther than this share of what is within reach is a fringe, a rim or a shadow."""
_LID, _LASHES = 0.2, 0.001
"""Belonging to lids from which on a pixel is of the eye, and metres around it that may be."""
_SMOOTH: Final = 0.0005
"""Metres over which single hairs are averaged."""


def brow_extent(laid: Laid, away: np.ndarray, brow: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """(h, w) float32 0..1: `brow`, the same moved to the photo's brows, and what grows out of it.

    away : (h, w, 3) log luminance, log R/G and log B/G beside skin; brow : (h, w) 0..1, the head's
    place for brows, 1 beside the head; eyes : (h, w) bool, as `eyes_in` gives them.
    """
    head = np.isfinite(laid.depth.depth)
    place = brow * head
    hair = away[..., 0] * smooth_step(away[..., 1], *_REDDER)
    smooth = ndimage.gaussian_filter(hair, _SMOOTH / laid.pixel)
    inside = head & ~eyes
    near = ndimage.distance_transform_edt(place <= _BELONGS) <= _DOWN / laid.pixel
    other = ~inside | (_going_on((smooth < _DARK) & inside, near, near) & (place <= _BELONGS))
    contrast = smooth - ndimage.gaussian_filter(smooth, _LEVEL / laid.pixel)
    contrast = np.where(other, 0.2, np.clip(contrast, -0.6, 0.2))
    parts, count = ndimage.label(place > _BELONGS)
    sizes = ndimage.sum_labels(parts > 0, parts, np.arange(count + 1))
    found = brow
    for part in np.argsort(-sizes)[: min(2, count)]:
        one = np.where(ndimage.binary_dilation(parts == part, iterations=2), place, 0)
        moved = _moved(one, contrast, _down(parts == part, eyes), laid.pixel)
        found = np.maximum(found, moved * inside)
        found = np.maximum(found, _grown(laid, smooth, moved > _BELONGS, inside))
    return found.astype(np.float32)


def eyes_in(laid: Laid, lids: np.ndarray) -> np.ndarray:
    """(h, w) bool: lids (h, w) 0..1, what they surround, and their lashes. The mouth likewise where
    lips are among them."""
    around = ndimage.binary_fill_holes((lids > _LID) & np.isfinite(laid.depth.depth))
    return np.asarray(ndimage.distance_transform_edt(~around) < _LASHES / laid.pixel)


def _down(brow: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """(2,) rows and columns, of length 1: from a brow (h, w) bool to the nearest of the eyes
    (h, w) bool; down the picture where none is seen."""
    parts, count = ndimage.label(eyes)
    sizes = ndimage.sum_labels(eyes, parts, np.arange(1, count + 1))
    whole = 1 + np.flatnonzero(sizes > 0.1 * max(sizes, default=0))
    if not len(whole):
        return np.array([1.0, 0.0])
    middle = np.array(ndimage.center_of_mass(brow))
    away = np.array(ndimage.center_of_mass(eyes, parts, whole)) - middle
    near = away[np.linalg.norm(away, axis=1).argmin()]
    return near / max(float(np.linalg.norm(near)), 1e-9)


def _moved(place: np.ndarray, contrast: np.ndarray, down: np.ndarray, pixel: float) -> np.ndarray:
    """(h, w) 0..1: a brow's place, (h, w) 0..1, where the photo's hair is darkest, if any is.
    contrast : (h, w) of hair to what is around; down : (2,) rows and columns, of length 1; pixel :
    metres."""
    rows, columns = np.nonzero(place > 0.1)
    weights = place[rows, columns]
    downs = np.arange(-_UP, _DOWN + _STEP / 2, _STEP)
    asides = np.arange(-_ASIDE, _ASIDE + _STEP, 2 * _STEP)
    aside = down[::-1] * (-1, 1)
    shifts = np.array([far * down + near * aside for far in downs for near in asides]) / pixel
    at = np.round(np.stack([rows, columns]) + shifts[:, :, None]).astype(int)
    last = np.array(contrast.shape)[:, None] - 1
    at = np.clip(at, 0, last)
    seen = (contrast[at[:, 0], at[:, 1]] * weights).sum(1) / max(float(weights.sum()), 1e-9)
    best = int((seen + _FAR * pixel * np.linalg.norm(shifts, axis=1)).argmin())
    if seen[best] > -_CONTRAST:
        return place
    return ndimage.shift(place, np.round(shifts[best]), order=0)


def _grown(laid: Laid, smooth: np.ndarray, place: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: the dark hair that begins in a brow's place, (h, w) bool, and does not go on
    far beyond."""
    hair = smooth[place & (smooth < _DARK)]
    if len(hair) < 0.1 * max(place.sum(), 1):
        return np.zeros_like(smooth)
    dark = (smooth < _SHARE * float(np.median(hair))) & inside
    near = ndimage.distance_transform_edt(~place) <= _REACH / laid.pixel
    grows = dark & ~_going_on(dark, near, place) & near
    found = ndimage.binary_fill_holes(~opened(~grows, _BETWEEN / laid.pixel)) & near & inside
    grown = ndimage.gaussian_filter(found.astype(np.float32), _SMOOTH / laid.pixel)
    return smooth_step(grown, 0.15, 0.6)


def _going_on(dark: np.ndarray, near: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(h, w) bool: the parts of what is dark that begin nowhere in `place`, or go on beyond what is
    near: a fringe, a rim, a shadow. Each (h, w) bool."""
    parts, count = ndimage.label(dark)
    own, within, whole = (
        np.asarray(ndimage.sum_labels(mask, parts, np.arange(count + 1)))
        for mask in (place, near, np.ones_like(near))
    )
    going = (own == 0) | (whole - within > _BEYOND * within)
    going[0] = False
    return going[parts]
