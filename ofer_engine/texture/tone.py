"""A person's skin tone from a photo, whatever light it was taken in.

Bayes' rule with two Gaussians: how people's tones differ (of public-domain portraits), and how much
exposure and colour of light differ from photo to photo. What a photo shows is believed as far as it
is more likely skin than light. The whites of the eyes, of one colour in nearly all people, tell
the light a second time. Where skin is seen in two lights far apart (a hand's shade, the sun from
the side), what is in the brighter one tells the tone, and less surely.
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
SCLERA: Final = np.array([-1.24, 0.38, -0.18])
"""Whites of eyes as portraits show them: log luminance, log R/G, log B/G. This and the next as
`research/skins/sclera_statistics` measures them on 169 portraits."""
_OTHER_WHITE: Final = np.array([0.06, 0.0055, 0.003])
"""Variance of what they are beyond the light. The last was measured as -0.0018."""
_SHADED: Final = 8.0
"""Times the variance of luminance where they are darker than the skin makes one expect: lids and
lashes take light from them, and nothing adds any."""
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

    def of(self, explanation: Explanation, sclera: np.ndarray | None = None) -> np.ndarray:
        """(3,) the likeliest tone of the person of an explained photo, in white light. sclera :
        (3,) of the whites of the eyes in it, if it shows them."""
        if not explanation.likely.any():
            return SKIN
        shaded = max(explanation.contrast - _CONTRAST, 0.0)
        lift = min(shaded / _TWO_LIGHTS, 1.0) * max(explanation.lit - _LIT, 0.0)
        light = _LIGHT if explanation.coloured else _LIGHT + _NO_HUE
        light = light + np.diag([(_UNSURE * shaded) ** 2, 0.0, 0.0])
        shown = explanation.level + np.array([lift, 0, 0]) - self.mean
        if sclera is not None:
            shown, light = self._less_light(shown, light, sclera - SCLERA)
        return SKIN + self.covariance @ np.linalg.inv(self.covariance + light) @ shown

    def _less_light(
        self, shown: np.ndarray, light: np.ndarray, white: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The skin (3,) less the light that the whites show (3,), and what remains unknown of the
        light (3, 3)."""
        expected = light @ np.linalg.inv(self.covariance + light) @ shown
        other = np.diag(_OTHER_WHITE * [_SHADED if white[0] < expected[0] else 1, 1, 1])
        gain = light @ np.linalg.inv(light + other)
        return shown - gain @ white, light - gain @ light
