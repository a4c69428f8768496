"""What a photo shows beyond its explanation: the person's own marks are kept, in bands of size, and
what is no skin is not believed.

Broad differences are mostly light that the harmonics could not follow: little of them is kept, more
of their colour than of their brightness. Finer ones are skin as long as they are not too strong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..geometry.smooth_step import smooth_step
from .explanation import Explanation, opponent
from .features import Features, sockets
from .fields import around
from .laid_photo import Laid, averaged, in_sight, sample
from .lip_colour import lip_colour
from .seen_edge import broad_field, without_holes
from .shape import Shape
from .trust import opened, softened

_MIDDLE = 0.0016
"""Metres in the photo between middle and fine differences."""
_KEPT = np.array([0.25, 0.5, 0.5])
"""Share of the broad differences that is kept: log luminance, log R/G, log B/G."""
_BROAD_MOST = 0.12
_DARKER, _BRIGHTER, _COLOUR = 0.28, 0.07, 0.14
"""Where middle differences level off: dark marks, shine, colour."""
_FINE_DARKER, _FINE_BRIGHTER = 0.16, 0.07
_FOLD, _FINE_FOLD = 0.85, 0.5
"""How much less is kept of middle and of fine differences where the expression folds skin."""
_SOCKET = 0.8
"""The same in the sockets of the eyes, which the brows shade."""
_SHINE, _PALE = (0.0, 0.12), (0.02, 0.08)
"""Log luminance and paleness (log R/G and log B/G towards white) at which a difference begins to be
taken for a lamp's reflection, and is."""
_DULL = 0.7
"""How much of the brightness of reflections is left out; all of their paleness is."""
_ERROR = np.array([0.24, 0.09, 0.10])
"""Deviation of skin from its explanation, besides the prior's spread."""
_SKIN, _OTHER = 2.0, 3.2
"""Deviations at which a pixel is believed wholly, and no more."""
_HAIRLINE = 18.0
"""Millimetres that hairlines reach beyond the scalp."""
_GREY_HAIR = 1.2
"""How much more it counts there that a pixel is less red than skin: grey hair is as bright."""
_SHADED = 0.7
"""How much less is kept there of what is not fine: hair throws its shadow and its colour on it."""
_LID, _LASHES = 0.2, 0.001
"""Belonging to lids from which on a pixel is of the eye, and metres around it that may be."""
_HANGING = 0.006
"""Metres: half the width of what hangs over lids or lips and is none of them."""
_GROWS = 0.5
"""Belonging to the scalp from which on hair grows there."""
_LOCK = 0.0022
"""Metres: half the width of the thinnest lock of a fringe."""
_BROWS_END = 0.008
"""Metres above the middle of the brows at which the forehead begins."""
_BESIDE, _STRANDS = (0.024, 0.012), (-0.04, -0.12)
"""Metres beside a fringe, and log luminance beside skin, at which what is darker begins to count as
a strand of it, and does."""
_MASS = 0.008
"""Metres: half the width of what throws a shadow on the skin beside it, such as a fringe."""
_PATCH, _STRETCH, _VARIES = 0.003, 0.007, 0.07
"""Metres from which on a difference is a patch, metres in which the strength of finer ones is
measured, and the deviation of log luminance that these have on skin: guesses."""
_STRAND = 0.0009
"""Metres: half the width of the thinnest strand or rim that is looked for."""


@dataclass(frozen=True, eq=False)
class Details:
    """detail : (h, w, 4) float32, trust : (h, w) float32, broad : (V, 3), known : (V,) and lips :
    (3,), as in `Projection`; uneven : standard deviation of the finest luminance of what is
    trusted."""

    detail: np.ndarray
    trust: np.ndarray
    broad: np.ndarray
    known: np.ndarray
    lips: np.ndarray
    uneven: float


@dataclass(frozen=True, eq=False)
class _HeadInPhoto:
    """What the head has at each pixel of a photo, 1 beside it. Each (h, w), 0..1 where no more is
    said.

    expected, spread : (h, w, 3) its explanation and how far the prior's albedo varies; spared :
    lips and lids; lips; fold : where the expression folds skin; socket : of the eyes; redness : log
    R/G beside the skin around; sure : where the photo shows the head; hairline : where hair may
    begin; scalp; forehead : what lies above the brows.
    """

    expected: np.ndarray
    spread: np.ndarray
    spared: np.ndarray
    lips: np.ndarray
    fold: np.ndarray
    socket: np.ndarray
    redness: np.ndarray
    sure: np.ndarray
    hairline: np.ndarray
    scalp: np.ndarray
    forehead: np.ndarray

    @staticmethod
    def of(
        laid: Laid,
        shape: Shape,
        features: Features,
        skin: np.ndarray,
        spread: np.ndarray,
        redness: np.ndarray,
        vertices: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> _HeadInPhoto:
        """vertices : (V,) of `fold`, `sure` and `hairline`; the rest as in `details`."""
        folds, sure, hairline = vertices
        columns = (
            skin,
            spread,
            np.clip(features.lids + features.lips, 0, 1),
            features.lips,
            folds,
            sockets(shape, features),
            redness,
            sure,
            hairline,
            features.scalp,
            _forehead(shape, features),
        )
        maps = laid.maps(np.column_stack(columns))
        return _HeadInPhoto(np.moveaxis(maps[:3], 0, 2), np.moveaxis(maps[3:6], 0, 2), *maps[6:])


def details(
    laid: Laid,
    shape: Shape,
    features: Features,
    folds: np.ndarray,
    sure: np.ndarray,
    skin: np.ndarray,
    spread: np.ndarray,
    explanation: Explanation,
) -> Details:
    """The photo less its explanation, without brows. folds : (V,) 0..1, where its expression folds
    skin; sure : (V,) 0..1, where it shows the head; skin, spread : (V, 3) what the photo would show
    without brows, and how far the prior's albedo varies."""
    hairline = around(shape, features.scalp, _HAIRLINE)
    vertices = (folds, sure, hairline)
    redness = skin[:, 1] - explanation.level[1] - explanation.light[:, 1]
    head = _HeadInPhoto.of(laid, shape, features, skin, spread, redness, vertices)
    away = opponent(laid.picture) - head.expected
    if not explanation.coloured:
        away[..., 1:] = 0
    eyes = _eyes(laid, head.spared)
    inside = np.isfinite(laid.depth.depth)
    lip = np.clip(head.lips, 0, 1) * inside
    lips = lip_colour(away, away[..., 1] + head.redness, lip, laid.plain * head.sure)
    away = away - lip[..., None] * lips
    trust = _believed(laid, away, head, eyes) * inside
    seen = trust * laid.plain
    middle = averaged(away, seen, _MIDDLE / laid.pixel)
    fine = away - middle
    known = sample(seen[..., None], laid.places)[:, 0]
    known = known * in_sight(laid.depth, laid.places, laid.distance)
    broad = broad_field(shape, np.clip(sample(middle, laid.places), -1, 1), known)
    dull = _without_shine(broad, explanation.level)
    in_photo = np.moveaxis(laid.maps(broad), 0, 2)
    between = _without_shine(middle - in_photo, explanation.level)
    fold = _folded(head, middle, explanation.coloured)
    kept = _kept_middle(between, fold, head)
    fine = _kept_fine(fine * (1 - _FINE_FOLD * fold)[..., None])
    if not explanation.coloured:
        kept[..., 1:] = fine[..., 1:] = 0
    good = (seen > 0.9) & (head.spared < 0.1)
    uneven = float(1.4826 * np.median(np.abs(fine[good, 0]))) if good.sum() > 100 else 0.0
    detail = np.concatenate([kept + fine, fine[..., :1]], 2)
    spared = np.clip(head.spared, 0, 1)
    detail = detail * _like_skin(laid, detail, seen, spared)[..., None]
    detail, trust = without_holes(laid, detail, trust, spared)
    return Details(
        detail.astype(np.float32), trust.astype(np.float32),
        _KEPT * np.clip(dull, -_BROAD_MOST, _BROAD_MOST), known * sure * (1 - _SHADED * hairline),
        lips, uneven,
    )  # fmt: skip


def _folded(head: _HeadInPhoto, away: np.ndarray, coloured: bool) -> np.ndarray:
    """(h, w) 0..1: where shade comes from a fold or from the brows, and no beard grows. away :
    (h, w, 3) differences, but for the finest."""
    fold = head.fold * (1 - np.clip(head.spared, 0, 1))
    if coloured:
        fold = fold * (1 - _beard(away))
    return np.maximum(fold, _SOCKET * head.socket)


def _kept_middle(between: np.ndarray, fold: np.ndarray, head: _HeadInPhoto) -> np.ndarray:
    """(h, w, 3) of the middle differences."""
    between = between * (1 - _FOLD * fold)[..., None]
    between = between * (1 - _SHADED * head.hairline)[..., None]
    darkest = _soft(between, np.array([_DARKER, _COLOUR, _COLOUR]))
    return np.where(between < 0, darkest, _soft(between, np.array([_BRIGHTER, _COLOUR, _COLOUR])))


def _kept_fine(fine: np.ndarray) -> np.ndarray:
    """(h, w, 3) of the fine differences."""
    return np.where(fine < 0, _soft(fine, _FINE_DARKER), _soft(fine, _FINE_BRIGHTER))


def _beard(away: np.ndarray) -> np.ndarray:
    """(h, w) 0..1 of (h, w, 3): what is darker than skin and no redder. Light that reaches into a
    fold has been on skin before, so its shadow is redder; hair is grey beside skin."""
    return smooth_step(away[..., 0], -0.08, -0.25) * smooth_step(away[..., 1], 0.04, -0.04)


def _without_shine(away: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Differences (h, w, 3) from the explanation without what a lamp's reflection adds: white over
    the skin's own colour, so that it is brighter and paler at once. level : (3,) of the skin."""
    white = -level[1:] / max(float(np.linalg.norm(level[1:])), 1e-9)
    pale = np.clip(away[..., 1:] @ white, 0, None)
    shine = smooth_step(away[..., 0], *_SHINE)
    left = away.copy()
    left[..., 0] *= 1 - _DULL * shine * smooth_step(pale, *_PALE)
    left[..., 1:] -= (shine * pale)[..., None] * white
    return left


def _like_skin(laid: Laid, detail: np.ndarray, seen: np.ndarray, spared: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: how much to keep of details (h, w, 4) that over a stretch of skin are stronger
    than skin's. Wiener's filter: skin varies by so much, and what is beyond is of something else,
    as are the outlines of fingers, strands, hard shadows or sharpening.

    seen : (h, w) 0..1, where skin is; spared : (h, w) 0..1, lids and lips, which stay as they are.
    """
    rest = 1 - spared
    skin = seen * rest
    bright = detail[..., :1]
    outlines = bright - averaged(bright, skin, _PATCH / laid.pixel)
    power = averaged(np.square(outlines), skin, _STRETCH / laid.pixel)[..., 0]
    return 1 - rest * (1 - _VARIES**2 / np.maximum(power, _VARIES**2))


def _soft(values: np.ndarray, most: np.ndarray | float) -> np.ndarray:
    """Values that level off at ± most."""
    return most * np.tanh(values / most)


def _believed(laid: Laid, away: np.ndarray, head: _HeadInPhoto, eyes: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: whether pixels are skin, with some room around what is not. away : (h, w, 3)
    from the explanation; eyes : (h, w) bool."""
    pixel, spared = laid.pixel, head.spared
    reach = 0.0007 / pixel
    smooth = ndimage.gaussian_filter(away, (reach, reach, 0))
    error = np.sqrt(_ERROR**2 + head.spread**2)
    scaled = smooth / error
    scaled[..., 1] *= np.where(smooth[..., 1] > 0, 1 - 0.65 * np.clip(spared, 0, 1), 1)
    grey = _GREY_HAIR * head.hairline * (smooth[..., 1] < 0)
    scaled[..., 1:] *= (1 + grey)[..., None]
    like = smooth_step(np.sqrt((scaled**2).sum(2)), _OTHER, _SKIN).astype(np.float32)
    other = like < 0.3
    inside = np.isfinite(laid.depth.depth)
    like = like * _without_strands(laid, other & inside & ~eyes, smooth[..., 0], head)
    wide = softened(opened(other, 0.0022 / pixel), 0.0018 / pixel, 0.0045 / pixel)
    thin = softened(opened(other, _STRAND / pixel), 0.0008 / pixel, 0.002 / pixel)
    free = softened(opened(other & ~eyes, _HANGING / pixel), 0.0018 / pixel, 0.0045 / pixel)
    mass = opened(other & inside, _MASS / pixel)
    lit_freely = softened(mass, 0.004 / pixel, 0.009 / pixel)
    believed = ndimage.minimum_filter(like, 3) * wide * thin * lit_freely
    believed += np.clip(spared, 0, 1) * (like * free - believed)
    return ndimage.gaussian_filter(believed, 0.001 / pixel)


def _without_strands(
    laid: Laid, other: np.ndarray, bright: np.ndarray, head: _HeadInPhoto
) -> np.ndarray:
    """(h, w) 0..1: 0 on what is darker than the forehead's skin beside hair that hangs over it from
    the scalp: single strands of a fringe. other : (h, w) bool, no skin; bright : (h, w) log
    luminance beside skin."""
    parts, count = ndimage.label(opened(other, _LOCK / laid.pixel))
    grown = np.asarray(ndimage.maximum(head.scalp, parts, np.arange(count + 1)))
    fringe = (grown > _GROWS)[parts] & (parts > 0) & (head.scalp < _GROWS)
    if not fringe.any():
        return np.ones_like(bright)
    away = laid.pixel * ndimage.distance_transform_edt(~fringe)
    near = head.forehead * smooth_step(away, *_BESIDE)
    return 1 - near * smooth_step(bright, *_STRANDS)


def _forehead(shape: Shape, features: Features) -> np.ndarray:
    """(V,) 0..1: what lies above the brows."""
    height = shape.template[:, 1]
    brows = np.average(height, weights=features.brows + 1e-9)
    return smooth_step(height, brows, brows + _BROWS_END)


def _eyes(laid: Laid, lids: np.ndarray) -> np.ndarray:
    """(h, w) bool: lids (h, w) 0..1, what they surround, and their lashes. The mouth likewise where
    lips are among them."""
    around = ndimage.binary_fill_holes((lids > _LID) & np.isfinite(laid.depth.depth))
    return np.asarray(ndimage.distance_transform_edt(~around) < _LASHES / laid.pixel)
