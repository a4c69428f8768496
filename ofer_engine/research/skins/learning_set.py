"""The portraits that statistics of skins are learned from, as the options of a command choose them.

    python -m … --portraits DIR --readings FOLDER [--every 4]

FOLDER keeps what was read of each portrait, for a second run. Portraits from number 780 on are
never used: they are kept for measuring.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path

from ...texture.projection import Projection
from ..wardrobe.build import KEPT_FOR_MEASURING
from .studio import SkinStudio


def shown_by_portraits(command: str, first: int, resolution: int) -> Iterator[Projection]:
    """What each shows in which a face is found; reads the command line and starts its log.

    command : module under `research.skins`; first : number of the first portrait; resolution : side
    of the texture, pixels."""
    parser = argparse.ArgumentParser(prog=f"python -m ofer_engine.research.skins.{command}")
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--readings", type=Path, required=True, help="folder for what was read")
    parser.add_argument("--every", type=int, default=4, help="use one portrait of so many")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    numbers = range(first, KEPT_FOR_MEASURING, options.every)
    paths = [options.portraits / f"portrait_{number:03d}.jpg" for number in numbers]
    return SkinStudio(options.readings).projections(paths, resolution)
