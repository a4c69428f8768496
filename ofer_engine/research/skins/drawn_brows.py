"""Makes `texture/drawn_brows.npz`: the strands of brows, and what is known of people's brows.

    python -m ofer_engine.research.skins.drawn_brows --portraits DIR --readings FOLDER [--every 4]

FOLDER keeps what was read of each portrait, for a second run. Portraits from number 780 on are
never used: they are kept for measuring.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import numpy as np

from ...texture.brow_shape import NUMBERS
from ...texture.drawn_brows import FILE
from ..wardrobe.build import KEPT_FOR_MEASURING
from .brow_prior import learned
from .brow_strands import strands
from .studio import SkinStudio

_LOG: Final = logging.getLogger(__name__)
_RESOLUTION: Final = 1024
_FIRST: Final = 1


def main() -> None:
    """Write the file that ships."""
    parser = argparse.ArgumentParser(prog="python -m ofer_engine.research.skins.drawn_brows")
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--readings", type=Path, required=True, help="folder for what was read")
    parser.add_argument("--every", type=int, default=4, help="use one portrait of so many")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    numbers = range(_FIRST, KEPT_FOR_MEASURING, options.every)
    paths = [options.portraits / f"portrait_{number:03d}.jpg" for number in numbers]
    studio = SkinStudio(options.readings)
    shown = [found.brows.samples for found in studio.projections(paths, _RESOLUTION)]
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
