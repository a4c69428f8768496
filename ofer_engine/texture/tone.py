"""A person's skin tone from a photo, whatever light it was taken in.

Bayes' rule with two Gaussians: how people's tones differ (of public-domain portraits), and how much
exposure and colour of light differ from photo to photo. What a photo shows is believed as far as it
is more likely skin than light. Where skin is seen in two lights far apart (a hand's shade, the sun
from the side), what is in the brighter one tells the tone, and less surely.
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
_CONTRAST: Final = 1.25
"""Log luminance between the darkest and the brightest skin of an even or a sidelong light: 0.5 to
1.2 on 15 portraits. More than that is two lights, of which one is shade."""
_TWO_LIGHTS: Final = 0.5
"""Contrast beyond that, from which on the brighter light alone is believed."""
_LIT: Final = 0.34
"""Log luminance by which the brightest skin lies above the level, the median of those portraits."""
_UNSURE: Final = 0.6
"""How much less is known of the light for each unit of contrast beyond."""


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
        shaded = max(explanation.contrast - _CONTRAST, 0.0)
        lift = min(shaded / _TWO_LIGHTS, 1.0) * max(explanation.lit - _LIT, 0.0)
        light = _LIGHT if explanation.coloured else _LIGHT + _NO_HUE
        light = light + np.diag([(_UNSURE * shaded) ** 2, 0.0, 0.0])
        gain = self.covariance @ np.linalg.inv(self.covariance + light)
        return SKIN + gain @ (explanation.level + np.array([lift, 0, 0]) - self.mean)
