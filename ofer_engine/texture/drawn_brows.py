"""A drawn brow, for where no photo shows the person's own: behind a fringe, a hand, dark glasses.

The strands are MakeHuman's (CC0), made by `research/hair_styles/drawn_brows.py`; the file ships
with the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..geometry.smooth_step import smooth_step
from ..heads.head import Head
from ..heads.open_head import OpenHead
from ..heads.placement import place
from .features import Features
from .fields import carried_on
from .laid_photo import sample
from .projection import Projection
from .shape import Shape

FILE: Final = Path(__file__).with_name("drawn_brows.npz")
_HIDDEN, _SEEN = 0.50, 0.62
"""Share of a brow that photos show, there or mirrored: drawn below the first, the person's own from
the second on. 0 to 0.48 where a hand, a fringe or false brows hide them, 0.64 to 0.99 else, on 32
photos."""
_GROWN = (0.0, 0.2)
"""Belonging to brows, or to what is drawn, at which photos are believed as ever, and no more."""
_EDGE: Final = 0.03
"""Belonging to the brows from which on skin is carried on under them."""
_USUAL: Final = np.array([-1.0, -0.05, 0.10])
"""Colour of brows over skin where no hair is seen: log luminance, log R/G, log B/G."""
_COLOURS: Final = np.array([[-1.6, -0.30, -0.30], [-0.55, 0.15, 0.30]])
"""Darkest and brightest that they are drawn."""
_OPAQUE: Final = 0.75
"""How far the densest strands cover."""


@dataclass(frozen=True, eq=False)
class DrawnBrows:
    """cover : (h, w) float32 0..1, of the subject's left, from the front; places : (V, 2) float32,
    pixels of it where each vertex lies, the right side's mirrored, and the back of the head's
    beside it, farther out."""

    cover: np.ndarray
    places: np.ndarray

    @classmethod
    def on(cls, head: Head, donor: Callable[[], OpenHead]) -> DrawnBrows:
        """Laid on a head. donor : gives the open head, which another head is laid over; only asked
        where `head` is another one."""
        template = np.asarray(head.template, np.float64)
        if head.annotated is None:
            open_head = donor()
            template = place(head, open_head, open_head.face).apply(template)
        with np.load(FILE, allow_pickle=False) as stored:
            cover = stored["cover"].astype(np.float32) / 255
            at = np.c_[np.abs(template[:, 0]), template[:, 1]] - stored["corner"]
            places = at * (1, -1) / stored["pixel"]
        places[template[:, 2] < 0, 0] = 2 * cover.shape[1]  # so that no way there crosses it
        return cls(cover, places.astype(np.float32))

    def at(self, places: np.ndarray) -> np.ndarray:
        """(N,) 0..1, how far hair covers the skin. places : (N, 2) pixels, also beside it."""
        height, width = self.cover.shape
        inside = ((places > 0) & (places < (width, height))).all(1)
        found = np.zeros(len(places), np.float32)
        found[inside] = _OPAQUE * sample(self.cover[..., None], places[inside])[:, 0]
        return found


@dataclass(frozen=True, eq=False)
class HiddenBrows:
    """What is drawn in place of brows that no photo shows.

    drawn : their strands; share : 0..1, how far they are drawn; skin : (V,) 0..1, the same where
    brows grow, and nothing of a photo is believed; colour : (3,) of strands over skin, log
    luminance, log R/G, log B/G.
    """

    drawn: DrawnBrows
    share: float
    skin: np.ndarray
    colour: np.ndarray

    def over(self, places: np.ndarray) -> np.ndarray:
        """(N, 3) what they add to the colour of the skin. places : (N, 2), as `DrawnBrows.at`."""
        return self.share * self.drawn.at(places)[:, None] * self.colour


def hidden_brows(
    drawn: DrawnBrows, shape: Shape, features: Features, projections: tuple[Projection, ...]
) -> HiddenBrows | None:
    """The brows, if no photo shows them on either side."""
    shown = np.max([each.details(each.at_vertices())[1] for each in projections], axis=0)
    shown = shown + (1 - shown) * shape.mirrored(shown[:, None])[:, 0]
    own = shape.area * features.brows
    seen = (own * shown).sum() / max(float(own.sum()), 1e-9)
    hidden = float(smooth_step(np.asarray(seen), _SEEN, _HIDDEN))
    if not hidden:
        return None
    grown = np.maximum(features.brows, drawn.at(drawn.places))
    return HiddenBrows(drawn, hidden, hidden * smooth_step(grown, *_GROWN), _colour(projections))


def without_brows(shape: Shape, features: Features, base: np.ndarray) -> np.ndarray:
    """(V, 3) base with what lies around carried on over the brows: the smoothest skin there."""
    return carried_on(shape, base, features.brows > _EDGE)


def _colour(projections: tuple[Projection, ...]) -> np.ndarray:
    """Like the hair that photos show, as far as brows are."""
    seen = [each.hair for each in projections if each.hair is not None]
    return np.clip(np.mean(seen, 0), *_COLOURS) if seen else _USUAL
