"""Makes `texture/drawn_brows.npz`: the strands of brows, and what is known of people's brows.

    python -m ofer_engine.research.skins.drawn_brows --portraits DIR --readings FOLDER [--every 4]

The options are those of `learning_set`.
"""

from __future__ import annotations

import logging
from typing import Final

import numpy as np

from ...texture.brow_shape import NUMBERS
from ...texture.drawn_brows import FILE
from .brow_prior import learned
from .brow_strands import strands
from .learning_set import shown_by_portraits

_LOG: Final = logging.getLogger(__name__)
_RESOLUTION: Final = 1024
_FIRST: Final = 1


def main() -> None:
    """Write the file that ships."""
    portraits = shown_by_portraits("drawn_brows", _FIRST, _RESOLUTION)
    shown = [found.brows.samples for found in portraits]
    prior = learned(shown)
    deviation = np.sqrt(np.square(prior.root).sum(1))
    _LOG.info("%d portraits", len(shown))
    for name, mean, wide in zip(NUMBERS, prior.mean, deviation, strict=True):
        _LOG.info("%s: %.2f ± %.2f", name, mean, wide)
    np.savez_compressed(
        FILE,
        allow_pickle=False,
        strands=np.round(255 * strands()).astype(np.uint8),
        mean=prior.mean,
        root=prior.root,
    )


if __name__ == "__main__":
    main()
