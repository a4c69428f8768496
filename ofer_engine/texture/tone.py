"""A person's skin tone from a photo, whatever light it was taken in.

Bayes' rule with two Gaussians: how people's tones differ (of public-domain portraits), and how much
exposure and colour of light differ from photo to photo. What a photo shows is believed as far as it
is more likely skin than light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .explanation import Explanation

_LIGHT: Final = np.array([
    [0.075, 0.00, 0.00],
    [0.00, 0.030, -0.035],
    [0.00, -0.035, 0.060],
])  # fmt: skip
"""Covariance of log luminance, log R/G and log B/G of light over amateurs' photos: a guess. Warm
light is redder and less blue at once."""
SKIN: Final = np.array([-1.40, 0.60, -0.36])
"""What the portraits' average stands for, in white light: a guess, between the patches "light skin"
and "dark skin" of a ColorChecker. Portraits are printed darker and more colourful than skin is."""
_NO_HUE: Final = np.diag([0.0, 1e3, 1e3])
"""Besides, of a photo without colours."""


@dataclass(frozen=True, eq=False)
class ToneModel:
    """mean : (3,) and covariance : (3, 3) of people's tones as portraits show them, log luminance,
    log R/G, log B/G."""

    mean: np.ndarray
    covariance: np.ndarray

    def of(self, explanation: Explanation) -> np.ndarray:
        """(3,) the likeliest tone of the person of an explained photo, in white light."""
        if not explanation.likely.any():
            return SKIN
        light = _LIGHT if explanation.coloured else _LIGHT + _NO_HUE
        gain = self.covariance @ np.linalg.inv(self.covariance + light)
        return SKIN + gain @ (explanation.level - self.mean)
