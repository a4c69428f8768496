"""What portraits show of the whites of the eyes: measures the constants of `texture/tone`.

python -m ofer_engine.research.skins.sclera_statistics --portraits DIR --readings FOLDER
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import numpy as np

from ..wardrobe.build import KEPT_FOR_MEASURING
from .studio import SkinStudio

_LOG: Final = logging.getLogger(__name__)
_RESOLUTION: Final = 512
_STRANGE: Final = 3.5
"""Deviations, by the median absolute one, beyond which a portrait is left out."""


def statistics(skins: np.ndarray, whites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (3,) of the whites, and their variance (3,) beyond that of the light, in which skins and
    whites agree: of levels of skins (N, 3) and colours of whites (N, 3) in the same photos."""
    both = np.hstack([skins, whites])
    away = np.abs(both - np.median(both, axis=0))
    usual = both[(away < _STRANGE * 1.4826 * np.median(away, axis=0)).all(1)]
    covariance = np.cov(usual.T)
    return usual[:, 3:].mean(0), np.diag(covariance[3:, 3:]) - np.diag(covariance[:3, 3:])


def main() -> None:
    """Log both."""
    parser = argparse.ArgumentParser(prog="python -m ofer_engine.research.skins.sclera_statistics")
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--readings", type=Path, required=True, help="folder for what was read")
    parser.add_argument("--every", type=int, default=4, help="use one portrait of so many")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    numbers = range(0, KEPT_FOR_MEASURING, options.every)
    paths = [options.portraits / f"portrait_{number:03d}.jpg" for number in numbers]
    shown = [
        (found.explanation.level, found.sclera)
        for found in SkinStudio(options.readings).projections(paths, _RESOLUTION)
        if found.sclera is not None
    ]
    mean, variance = statistics(*np.moveaxis(np.array(shown), 1, 0))
    _LOG.info("%d of %d portraits show them", len(shown), len(paths))
    _LOG.info("mean %s, variance %s", mean.round(3).tolist(), variance.round(4).tolist())


if __name__ == "__main__":
    main()
