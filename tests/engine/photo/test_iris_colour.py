"""The irises' colour in a photo: told under coloured light, not told where no eye is seen."""

import numpy as np
import pytest

from ofer_engine.photo.align import LEFT_EYE, RIGHT_EYE
from ofer_engine.photo.iris_colour import iris_colour

BLUE, BROWN = (0.36, 0.46, 0.58), (0.36, 0.22, 0.13)
WIDTH = 60


def eyes(iris, light=(1.0, 1.0, 1.0), opening=0.20, width=WIDTH):
    """A picture (H, W, 3) uint8 of two open eyes in skin, and its landmarks (468, 2)."""
    height, across = 2 * width, 6 * width
    y, x = np.mgrid[:height, :across] + 0.5
    linear = np.tile(np.array([0.45, 0.26, 0.18]), (height, across, 1))
    landmarks = np.zeros((468, 2))
    for middle, outline in ((1.5 * width, RIGHT_EYE), (4.5 * width, LEFT_EYE)):
        turn = np.linspace(np.pi, -np.pi, len(outline), endpoint=False)  # below first
        way = np.stack((np.cos(turn) / 2, np.sin(turn) * opening), 1)
        if outline is LEFT_EYE:
            way[:, 0] *= -1
        landmarks[list(outline)] = (middle, width) + way * width
        u, v = (x - middle) / width, (y - width) / width
        white = np.square(u / 0.5) + np.square(v / opening) < 1
        away = np.hypot(u, v) / 0.205
        linear[white] = (0.70, 0.63, 0.58)
        linear[white & (away < 1)] = np.array(iris) ** 2.2
        linear[white & (away < 0.35)] = 0.002
        linear[np.hypot(u - 0.05, v + 0.05) < 0.03] = 1.0
    shown = np.clip(linear * light, 0, 1) ** (1 / 2.2)
    return (255 * shown + 0.5).astype(np.uint8), landmarks


@pytest.mark.parametrize("iris", [BLUE, BROWN])
def test_the_colour_is_that_of_the_iris(iris):
    found = iris_colour(*eyes(iris))
    assert found.dtype == np.float32 and np.abs(found - iris).max() < 0.07


def test_a_lamp_changes_the_hue_less_than_the_picture():
    warm = (1.15, 1.0, 0.75)
    found, seen = iris_colour(*eyes(BLUE, warm)), np.array(BLUE) * np.power(warm, 1 / 2.2)

    def hue(colour):
        return colour / colour.sum()

    assert (
        np.abs(hue(found) - hue(np.array(BLUE))).sum()
        < np.abs(hue(seen) - hue(np.array(BLUE))).sum()
    )
    assert found[2] > found[0]


def test_nothing_is_told_of_eyes_that_are_closed_small_or_hidden():
    assert iris_colour(*eyes(BLUE, opening=0.05)) is None
    assert iris_colour(*eyes(BLUE, width=8)) is None
    pixels, landmarks = eyes(BLUE)
    assert iris_colour(pixels, landmarks, np.ones(pixels.shape[:2], bool)) is None


def test_one_eye_is_enough():
    pixels, landmarks = eyes(BLUE)
    hidden = np.zeros(pixels.shape[:2], bool)
    hidden[:, : 3 * WIDTH] = True
    assert np.abs(iris_colour(pixels, landmarks, hidden) - BLUE).max() < 0.07
