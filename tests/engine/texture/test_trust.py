"""What may be a lip, and what is a tooth between lips, on dark and on pale skin."""

import numpy as np
import pytest

from ofer_engine.texture.trust import SkinColour

PALE, DARK = np.array([0.55, 0.33, 0.23]), np.array([0.10, 0.055, 0.035])


def _skin(tone: np.ndarray) -> SkinColour:
    shades = np.random.default_rng(0).normal(0, 0.05, (400, 3))
    return SkinColour.of(tone * np.exp(shades), np.ones(400))


@pytest.mark.parametrize("tone", [PALE, DARK])
def test_teeth_are_told_from_lips_by_being_brighter_and_less_red(tone):
    skin = _skin(tone)
    teeth = [[0.75, 0.66, 0.52], [0.5, 0.42, 0.34]] if tone is PALE else [[0.3, 0.26, 0.2]]
    assert skin.toothlike(np.array(teeth)).min() > 0.9
    redder = tone * [1.0, 0.7, 0.8]
    darker = tone * [0.6, 0.66, 0.75]
    assert skin.toothlike(np.stack([redder, darker, tone * 0.8])).max() < 0.1


def test_a_lip_that_shines_is_still_a_lip():
    skin = _skin(PALE)
    assert skin.toothlike(PALE * [1.3, 1.0, 1.1]) < 0.1
