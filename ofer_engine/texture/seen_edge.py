"""Where what a photo shows of the skin ends: broad differences are carried on past that edge, finer
ones lose there what they have in common, and small gaps are filled in. So no edge shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..geometry.smooth_step import smooth_step
from .fields import membrane
from .laid_photo import Laid, averaged
from .shape import Shape

_BROAD = 9.0
"""Millimetres on the skin between broad differences and middle ones."""
_FADES = 0.02
"""Pull of broad differences towards none where nothing is seen: they fade within some 6 cm."""
_AROUND = 0.003
"""Metres around a pixel in which others tell whether it is amid skin."""
_ASIDE, _INNER = 0.007, (0.55, 0.95)
"""Metres, and share of skin within, for what details have in common at the edge."""
_SPARSE, _AMID = (0.1, 0.4), (0.42, 0.62)
"""Share of skin there: at the first two, pixels begin to be believed, and are as ever; at the rest
what is no skin begins to be filled in, and is."""


def broad_field(shape: Shape, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(V, 3) the broad part of `values` (V, 3), also beside where they are known (V,)."""
    return membrane(shape, values, known, _BROAD, _FADES)


def without_holes(
    laid: Laid, detail: np.ndarray, trust: np.ndarray, features: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Details (h, w, 4) and belief (h, w) where what is no skin, but lies amid it (a strand, a
    pore), is like the skin around it, and skin amid what is none (between strands) is not believed;
    towards the edge of what is believed, details lose what they have in common.

    features : (h, w) 0..1, belonging to lids and lips, which stay as they are.
    """
    inside = np.isfinite(laid.depth.depth).astype(np.float32)
    rest = 1 - features
    reach = _ASIDE / laid.pixel
    among = averaged(trust[..., None], inside, reach)[..., 0]
    edge = rest * (1 - smooth_step(among, *_INNER))
    detail = detail - edge[..., None] * averaged(detail, trust, reach) * (1, 1, 1, 0)
    reach = _AROUND / laid.pixel
    among = averaged(trust[..., None], inside, reach)[..., 0]
    around = averaged(detail, trust, reach)
    hole = rest * (1 - trust) * smooth_step(among, *_AMID)
    believed = trust * (1 - rest * (1 - smooth_step(among, *_SPARSE)))
    share = believed + hole
    mixed = (believed[..., None] * detail + hole[..., None] * around) / (share + 1e-6)[..., None]
    return mixed, share


def carried_broad(shape: Shape, found: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(V, 3) broad differences of one person's skin: those of the photos, their mirror images where
    no photo shows anything, and around them less and less, so that no edge of what is seen shows.

    found : of each photo, `broad` (V, 3) and `known` (V,).
    """
    count = len(shape.template)
    total, weight = np.zeros((count, 3)), np.zeros(count)
    for broad, known in found:
        total, weight = total + known[:, None] * broad, weight + known
    image = shape.mirrored(np.c_[total, weight])
    left = np.clip(1 - weight, 0, 1)
    total, weight = total + left[:, None] * image[:, :3], weight + left * image[:, 3]
    mean = total / np.maximum(weight, 1e-9)[:, None]
    return broad_field(shape, mean, np.clip(weight, 0, 1))
