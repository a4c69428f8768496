"""The whites of the eyes: found where they are seen, and what they show of light moves the tone."""

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.research.skins.sclera_statistics import statistics
from ofer_engine.texture.albedo_prior import AlbedoPrior
from ofer_engine.texture.explanation import Explanation, linear, opponent
from ofer_engine.texture.features import features_of
from ofer_engine.texture.projection import project
from ofer_engine.texture.shape import Shape
from ofer_engine.texture.tone import SCLERA, SKIN
from tests.engine.texture.conftest import SIDE, covered

RESOLUTION = 512


@pytest.fixture(scope="module")
def laid(head, albedo, face_uv, drawn_brows):
    shape, features = Shape.of(head, face_uv), features_of(head, lambda: head)
    return lambda view: project(shape, features, view, albedo, drawn_brows.places, RESOLUTION)


@pytest.fixture(scope="module")
def eyeballs(head):
    return features_of(head, lambda: head).eyeballs > 0


def with_eyes(sitter, eyeballs, colour):
    colours = sitter.colours.copy()
    colours[eyeballs] = colour
    return replace(sitter, colours=colours)


@pytest.mark.parametrize("light", [(1, 1, 1), (0.5, 0.5, 0.5), (1.1, 0.9, 0.6)])
def test_they_are_found_in_any_light(laid, sitter, light):
    lit = replace(sitter, colours=sitter.colours * light)
    np.testing.assert_allclose(
        laid(lit.photo()).sclera, SCLERA + opponent(np.array(light, float)), atol=0.06
    )


def test_lids_are_no_whites(laid, sitter, eyeballs):
    """Half-shut eyes: what is seen in their place has the colour of skin."""
    skin = linear(AlbedoPrior.load().tone.mean)
    assert laid(with_eyes(sitter, eyeballs, 0.8 * skin).photo()).sclera is None


@pytest.mark.parametrize(
    "colour, known",
    [
        ((4, 4, 4), True),
        ((4, 4, 4), False),
        ((120, 120, 125), True),
        ((120, 120, 125), False),
        ((255, 255, 255), True),
        ((255, 255, 255), False),
        ((80, 110, 150), False),
    ],
    ids=[
        "black, seen by the evidence",
        "black",
        "mirrored, seen by the evidence",
        "mirrored",
        "glare, seen by the evidence",
        "glare",
        "blue",
    ],
)
def test_glasses_are_no_whites(laid, sitter, head, colour, known):
    view = sitter.photo()
    eyes = view.camera.project(head.template[features_of(head, lambda: head).eyeballs > 0])
    low, high = eyes.min(0).astype(int) - 6, eyes.max(0).astype(int) + 6
    glass = np.zeros((SIDE, SIDE), bool)
    glass[low[1] : high[1], low[0] : high[0]] = True
    assert laid(covered(view, glass, colour, known)).sclera is None


def test_a_reflection_is_not_averaged_into_the_white(laid, sitter, head):
    """A lamp in the upper half of either eye, on a cornea or on glass."""
    view = sitter.photo()
    eyes = view.camera.project(head.template[features_of(head, lambda: head).eyeballs > 0])
    low, high = eyes.min(0).astype(int) - 6, eyes.max(0).astype(int) + 6
    lamp = np.zeros((SIDE, SIDE), bool)
    lamp[low[1] : int(np.median(eyes[:, 1])), low[0] : high[0]] = True
    seen = laid(covered(view, lamp, (255, 255, 255), False)).sclera
    np.testing.assert_allclose(seen, SCLERA, atol=0.06)


def test_one_eye_is_enough_and_none_is_too_little(laid, sitter, head):
    view = sitter.photo()
    half = np.zeros((SIDE, SIDE), bool)
    half[:, : SIDE // 2] = True
    np.testing.assert_allclose(laid(replace(view, hidden=half)).sclera, SCLERA, atol=0.06)
    assert laid(replace(view, hidden=~np.zeros_like(half))).sclera is None


def test_a_grey_photo_shows_no_whites(laid, sitter):
    view = sitter.photo()
    grey = view.pixels.mean(2, keepdims=True).repeat(3, 2).astype(np.uint8)
    assert laid(replace(view, pixels=grey)).sclera is None


def test_whites_tell_a_dark_person_from_a_dark_photo():
    tone = AlbedoPrior.load().tone
    dark = Explanation(tone.mean - [0.7, 0, 0], np.zeros(0), np.zeros(0), np.ones(9))
    unknown = tone.of(dark)[0]
    person, photo = tone.of(dark, SCLERA)[0], tone.of(dark, SCLERA - [0.7, 0, 0])[0]
    assert person < unknown - 0.08
    assert SKIN[0] - 0.7 < person and unknown < photo < SKIN[0]


def test_shade_of_lids_counts_little():
    """Whites that are darker than skin makes one expect move the tone less than brighter ones."""
    tone = AlbedoPrior.load().tone
    usual = Explanation(tone.mean, np.zeros(0), np.zeros(0), np.ones(9))
    np.testing.assert_allclose(tone.of(usual, SCLERA), SKIN, atol=1e-9)
    shaded = tone.of(usual, SCLERA - [0.5, 0, 0])[0] - SKIN[0]
    bright = SKIN[0] - tone.of(usual, SCLERA + [0.5, 0, 0])[0]
    assert 0 < shaded < bright / 3


def test_a_lamps_colour_is_seen_in_the_whites():
    tone = AlbedoPrior.load().tone
    lamp = np.array([0, 0.2, -0.4])
    warm = Explanation(tone.mean + lamp, np.zeros(0), np.zeros(0), np.ones(9))
    alone, beside = tone.of(warm) - SKIN, tone.of(warm, SCLERA + lamp) - SKIN
    assert np.linalg.norm(beside) < 0.4 * np.linalg.norm(alone)


def test_statistics_part_light_from_whites():
    random = np.random.default_rng(5)
    light, skin, white = random.normal(size=(3, 4000, 3)) * [[[0.3]], [[0.2]], [[0.25]]]
    mean, variance = statistics(light + skin, 1 + light + white)
    np.testing.assert_allclose(mean, 1, atol=0.03)
    np.testing.assert_allclose(variance, 0.25**2, atol=0.012)
