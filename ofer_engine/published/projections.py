"""OFER's attention projections, which are in none of its checkpoints (docs/method.md §0.1, §6.4).

The published code keeps them outside the module: drawn at construction, never trained, never saved.
They are the draws of torch's CPU generator at a known place in its stream, so they can be made
again: those of training (seed 0) or those of the published demo (seed 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from ..diffusion.denoiser import HEAD_WIDTH, HEADS

COUNT: Final = 16
ROWS: Final = 3 * HEADS * HEAD_WIDTH


class Draw(StrEnum):
    """Which projections a pack's denoisers use."""

    TRAINING = "training"
    DEMO = "demo"


@dataclass(frozen=True)
class _Place:
    """attention : published module name; offset : draws before it; width : of its vector."""

    attention: str
    offset: int
    width: int


def _places(offsets: tuple[int, ...], widths: tuple[int, int, int]) -> tuple[_Place, ...]:
    outer, inner, middle = widths
    names = ("downs.0.2", "downs.1.2", "mid_attn", "ups.0.3", "ups.1.3", "finals.0.1")
    sizes = (outer, inner, middle, inner, outer, outer)
    return tuple(_Place(*place) for place in zip(names, offsets, sizes, strict=True))


_IDGEN: Final = (300, 50, 10)
_EXPGEN: Final = (53, 25, 10)
_STREAMS: Final[Mapping[tuple[str, Draw], tuple[int, tuple[_Place, ...]]]] = MappingProxyType(
    {
        ("idgen", Draw.TRAINING): (
            0,
            _places((119512028, 121714495, 122051942, 122366369, 124829686, 127777503), _IDGEN),
        ),
        ("expgen", Draw.TRAINING): (
            0,
            _places((330725434, 331218432, 331407144, 331661336, 332174458, 332684070), _EXPGEN),
        ),
        ("idgen", Draw.DEMO): (
            1,
            _places((638616822, 640819289, 641156736, 641471163, 643934480, 646882297), _IDGEN),
        ),
        ("expgen", Draw.DEMO): (
            1,
            _places((979579948, 980072946, 980261658, 980515850, 981028972, 981538584), _EXPGEN),
        ),
    }
)


def drawn_projections(network: str, draw: Draw) -> dict[str, np.ndarray]:
    """Projections of `idgen` or `expgen` by attention module, each (16, 384, width) float32.

    Bit-equal to what torch draws. Takes some seconds: the stream is walked from its start.
    """
    seed, places = _STREAMS[network, draw]
    stream = np.random.MT19937()
    np.random.RandomState(stream).seed(seed)  # the seeding that torch shares
    position = 0
    found = {}
    for place in places:
        stream.random_raw(place.offset - position, output=False)
        count = COUNT * ROWS * place.width
        found[place.attention] = _uniform(stream, count, place.width)
        position = place.offset + count
    return found


def views(projections: np.ndarray) -> np.ndarray:
    """(16, 384, width) as published → (3, heads, 16, channels, width) as `Attention.views`."""
    count, _, width = projections.shape
    split = projections.reshape(count, 3, HEADS, HEAD_WIDTH, width)
    return np.ascontiguousarray(split.transpose(1, 2, 0, 3, 4))


def _uniform(stream: np.random.MT19937, count: int, width: int) -> np.ndarray:
    """torch's uniform(-b, b), b = 1/√width: 24 bits a draw, scaled and shifted in one rounding."""
    bits = stream.random_raw(count) & 0xFFFFFF
    bound = float(np.float32(1 / np.sqrt(width)))
    scaled = bits / 2.0**24 * (2 * bound) - bound
    return scaled.astype(np.float32).reshape(COUNT, ROWS, width)
