"""Brows drawn hair by hair, in the place, shape, darkness and colour that photos show, or that are
usual where none shows them: behind a fringe, a hand, dark glasses.

Pixels of a photo make no brow: rims, fringes and the shade of the socket are as dark, half of a
brow is often hidden, and a hair is thinner than a pixel. Strands and prior are made by
`research/skins/drawn_brows.py`; the file ships with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from ..geometry.smooth_step import smooth_step
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..heads.placement import place
from .brow_shape import DARK, BrowPrior, across, along, fit_brows, profile
from .brow_view import SQUARE, BrowView
from .features import Features
from .fields import carried_on
from .laid_photo import sample
from .shape import Shape

FILE: Final = Path(__file__).with_name("drawn_brows.npz")
ALONG, ACROSS = 1.2, 2.0
"""What the picture of strands spans: half lengths of a brow from its middle, and half widths."""
_EDGE: Final = 0.03
"""Belonging to the brows from which on skin is carried on under them."""
_USUAL: Final = np.array([-0.10, 0.10])
"""Log R/G and log B/G that hair takes of skin for each unit of log luminance that it is darker,
where no photo shows it: brows are warmer than skin. The medians of 30 portraits are -0.08 and 0.02
for dark brows, -0.27 and 0.26 for pale ones."""
_HUES: Final = np.array([[-0.25, -0.25], [0.35, 0.3]])
"""Least and most of the same."""
_USUAL_COUNTS: Final = 10.0
"""Squares of log luminance times square millimetres of hair that count as much as what is usual."""
_USUAL_HAIR: Final = 1.4
"""Log luminance that usual hair of the head is darker than skin."""
_LIKE_HAIR: Final = 0.5
"""Power with which the darkness of brows goes with that of the hair of the head: 0.39 on 34
portraits, 0.57 on 18 others."""
_DARKER: Final = (0.6, 1.6)
_DARKEST: Final = 2.6
"""Log luminance at which the darkening of strands levels off."""
_DENSEST, _SOFT = 0.85, 0.10
"""Share of strands that show where a brow is densest, and how far in ranks they fade."""
_SPARSE, _BEGINS = 0.45, (-1.0, -0.6)
"""How dense hair is at the inner end of a brow, and half lengths from its middle between which it
grows as dense as elsewhere."""
_UNDER: Final = 0.35
"""How much of the darkness of a brow is not of single strands: shorter hair and their shadow."""
_HAIR: Final = 0.3
"""Density from which on what a photo shows is hair."""
_AS_FITTED, _TIMES = 5.0, (1.0, 2.2)
"""Squares of log luminance times square millimetres for which brows are as dark as fitted, and by
how much darker they may be."""
_ROOM: Final = 0.45
"""Half widths and half lengths around brows in which nothing of a photo is believed."""


@dataclass(frozen=True, eq=False)
class DrawnBrows:
    """strands : (h, w) float32 0..1, ranks of the strands of a brow of the subject's left, `ALONG`
    it from its inner to its outer end, `ACROSS` it from above down; places : (V, 3)
    float32 millimetres of each vertex in the frame of the open head; prior : what is known of
    people's brows."""

    strands: np.ndarray
    places: np.ndarray
    prior: BrowPrior

    @classmethod
    def on(cls, head: Head, donor: Callable[[], OpenHead]) -> DrawnBrows:
        """Laid on a head. donor : gives the open head, which another head is laid over; only asked
        where `head` is another one."""
        template = np.asarray(head.template, np.float64)
        if head.annotated is None:
            open_head = donor()
            template = place(head, open_head, open_head.face).apply(template)
        with np.load(FILE, allow_pickle=False) as stored:
            strands = stored["strands"].astype(np.float32) / 255
            prior = BrowPrior(stored["mean"], stored["root"])
        return cls(strands, (1000 * template).astype(np.float32), prior)

    @cached_property
    def _covered(self) -> tuple[np.ndarray, np.ndarray]:
        dense = np.linspace(0.02, 1, 25)
        return dense, np.array([_strands(self.strands, each).mean() for each in dense])

    def covered(self, dense: np.ndarray) -> np.ndarray:
        """(N,) the share of skin that strands cover where hair is so dense (N,)."""
        return np.interp(dense, *self._covered)

    def of_person(self, views: Sequence[BrowView], hair: np.ndarray | None) -> Brows:
        """The brows that photos show. hair : (3,) of the hair of the head beside skin, log
        luminance, log R/G, log B/G, or None."""
        prior, usual = self.prior, _USUAL
        if hair is not None:
            times = (-hair[0] / _USUAL_HAIR) ** _LIKE_HAIR
            prior = prior.darker(float(np.clip(times, *_DARKER)))
            usual = np.clip(hair[1:] / hair[0], *_HUES)
        shapes, _ = fit_brows(prior, [each for view in views for each in view.samples])
        shapes[:, DARK] += np.log(_darker(shapes, views))
        return Brows(self, shapes, _hue(shapes, views, usual))


@dataclass(frozen=True, eq=False)
class Brows:
    """One person's. shapes : (2, 10) of the subject's left and right; hue : (2,) log R/G and log
    B/G for each unit of log luminance that strands are darker than skin."""

    drawn: DrawnBrows
    shapes: np.ndarray
    hue: np.ndarray

    def over(self, places: np.ndarray) -> np.ndarray:
        """(N, 3) what they add to the colour of the skin. places : (N, 3), as
        `DrawnBrows.places`."""
        dark = np.zeros(len(places), np.float32)
        for side, shape in enumerate(self.shapes):
            rows, x, y = _on(places, side)
            fraction = np.c_[along(shape, x) / ALONG, -across(shape, x, y) / ACROSS]
            inside = (np.abs(fraction) < 1).all(1)
            rows, x, y, fraction = rows[inside], x[inside], y[inside], fraction[inside]
            at = (0.5 + 0.5 * fraction) * self.drawn.strands.shape[::-1]
            ranks = sample(self.drawn.strands[..., None], at)[:, 0]
            dense, darkness = profile(shape, x, y), float(np.exp(shape[DARK]))
            dense *= _SPARSE + (1 - _SPARSE) * smooth_step(along(shape, x), *_BEGINS)
            grown = dense * min(1.0, np.sqrt(darkness))
            hair = _UNDER + (1 - _UNDER) * _strands(ranks, grown) / self.drawn.covered(grown)
            dark[rows] = -_DARKEST * np.tanh(darkness * dense * hair / _DARKEST)
        return dark[:, None] * np.r_[1.0, self.hue]

    def around(self, places: np.ndarray) -> np.ndarray:
        """(N,) 0..1: on brows and a little around them, where nothing of a photo is believed."""
        found = np.zeros(len(places), np.float32)
        for side, shape in enumerate(self.shapes):
            rows, x, y = _on(places, side)
            reach = np.maximum(np.abs(along(shape, x)), np.abs(across(shape, x, y)))
            found[rows] = smooth_step(reach, 1 + 2 * _ROOM, 1 + _ROOM)
        return found


def without_brows(shape: Shape, features: Features, base: np.ndarray) -> np.ndarray:
    """(V, C) base with what lies around carried on over the brows: the smoothest skin there."""
    return carried_on(shape, base, features.brows > _EDGE)


def _strands(ranks: np.ndarray, dense: np.ndarray | float) -> np.ndarray:
    """0..1, how far strands of these ranks show where hair is so dense, 0..1: where it is sparse,
    only those of high rank."""
    first = 1 - _DENSEST * np.clip(dense, 0, 1)
    return smooth_step(ranks, first - _SOFT, first + _SOFT)


def _on(places: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the places (N, 3) on one side of the face, and their x and y from its middle
    outwards."""
    outwards = places[:, 0] if side == 0 else -places[:, 0]
    rows = np.flatnonzero((outwards > 0) & (places[:, 2] > 0))
    return rows, outwards[rows], places[rows, 1]


def _darker(shapes: np.ndarray, views: Sequence[BrowView]) -> float:
    """How much darker brows are than their shapes (2, 10) say, which were fitted to what is as grey
    as hair: brown hair in warm light is not."""
    above = below = _AS_FITTED
    for view in views:
        for each, colours in zip(view.samples, view.colours, strict=True):
            shape = shapes[each.side]
            hair = np.exp(shape[DARK]) * profile(shape, each.x, each.y)
            weight = np.sqrt(SQUARE * each.weight)
            around = np.stack([np.ones_like(hair), each.x / 20, each.y / 10, -hair], 1)
            if hair @ weight**2 < 1:
                continue
            found = np.linalg.lstsq(around * weight[:, None], colours[:, 0] * weight)[0]
            above = above + float((weight * hair) @ (weight * hair)) * found[3]
            below = below + float((weight * hair) @ (weight * hair))
    return float(np.clip(above / below, *_TIMES))


def _hue(shapes: np.ndarray, views: Sequence[BrowView], usual: np.ndarray) -> np.ndarray:
    """(2,) of `Brows`: the regression of what brows show on how dark they are."""
    above, below = _USUAL_COUNTS * usual, _USUAL_COUNTS
    for view in views:
        if not view.coloured:
            continue
        for each, colours in zip(view.samples, view.colours, strict=True):
            hair = each.weight * (profile(shapes[each.side], each.x, each.y) > _HAIR)
            dark = np.clip(colours[:, 0], None, 0)
            above = above + SQUARE * (hair * dark) @ colours[:, 1:]
            below = below + SQUARE * float((hair * dark) @ dark)
    return np.clip(above / below, *_HUES)
