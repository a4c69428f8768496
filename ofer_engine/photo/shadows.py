"""A photo with its shadows lifted, as the face finder looks at it a second time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_COARSE: Final = 256
"""Side, pixels, of the picture in which the light of each neighbourhood is measured."""
_NEIGHBOURHOOD: Final = 1 / 24
_MIDDLE: Final = 120.0
"""Grey that every neighbourhood is brought towards."""
_SHARE: Final = 0.8
"""Of the way there, in stops: the rest keeps apart what is dark of itself."""
_LEAST: Final = 3.0
"""Grey that counts as black: below it there is only the sensor's noise."""
_GAINS: Final = (0.7, 24.0)
_ROWS: Final = 256
"""Rows brightened at once, so that no large photo is held a second time as floats."""


def lifted(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """pixels : (H, W, 3) uint8 → the same, each neighbourhood near the middle of the grey scale.

    Detail within a neighbourhood keeps its contrast in stops; hues stay.
    """
    height, width = pixels.shape[:2]
    coarse = Image.fromarray(pixels).convert("L")
    coarse.thumbnail((_COARSE, _COARSE), Image.Resampling.BOX)
    light = coarse.filter(ImageFilter.GaussianBlur(_COARSE * _NEIGHBOURHOOD))
    gain = (_MIDDLE / np.maximum(np.asarray(light, np.float32), _LEAST)) ** _SHARE
    gains = Image.fromarray(gain.clip(*_GAINS)).resize((width, height), Image.Resampling.BILINEAR)
    factor, brightened = np.asarray(gains)[..., None], np.empty_like(pixels)
    for top in range(0, height, _ROWS):
        part = slice(top, top + _ROWS)
        brightened[part] = np.minimum(pixels[part] * factor[part], 255)
    return brightened
