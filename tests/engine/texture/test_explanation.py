"""Albedo, light and outliers told apart, and a tone that light hardly moves."""

from dataclasses import replace

import numpy as np
import pytest

from ofer_engine.geometry.triangles import vertex_normals
from ofer_engine.texture.albedo_prior import AlbedoPrior
from ofer_engine.texture.explanation import explain, linear, opponent
from ofer_engine.texture.shape import split
from ofer_engine.texture.tone import SKIN


@pytest.fixture(scope="module")
def tone():
    return AlbedoPrior.load().tone


@pytest.fixture(scope="module")
def shown(head, albedo, tone):
    """Normals, colours of an average person in even light, and where they are seen."""
    normals = vertex_normals(head.template, split(head.polygons, head.uv)[0])
    skin = np.zeros(len(normals), bool)
    skin[np.unique(head.polygons[head.part == 0])] = True
    trust = np.clip(normals[:, 2], 0, 1) * skin * head.region("face")
    return normals, linear(tone.mean + albedo.mean), trust


def test_opponents_and_linear_light_are_inverse():
    colours = np.random.default_rng(1).uniform(0.01, 1, (50, 3))
    np.testing.assert_allclose(linear(opponent(colours)), colours, rtol=1e-9)


def test_an_average_person_is_explained_by_the_tone_alone(shown, albedo, tone):
    explained = explain(albedo, *shown)
    np.testing.assert_allclose(explained.level, tone.mean, atol=0.02)
    assert np.abs(explained.light[shown[2] > 0.5]).max() < 0.03
    np.testing.assert_allclose(tone.of(explained), SKIN, atol=0.02)


def test_a_lamp_from_the_side_is_light_and_no_skin(shown, albedo, tone):
    normals, colours, trust = shown
    lit = colours * np.exp(0.5 * normals[:, :1])
    explained = explain(albedo, normals, lit, trust)
    seen = trust > 0.5
    across = np.corrcoef(explained.light[seen, 0], normals[seen, 0])[0, 1]
    assert across > 0.95
    plain = explain(albedo, *shown)
    drift = np.abs(albedo.at(explained.weights) - albedo.at(plain.weights))[seen, 0]
    assert np.median(drift) < 0.05


def test_what_hides_a_third_of_the_face_has_no_say(shown, albedo, head):
    """Dark glasses: neither the level nor the albedo follows them."""
    normals, colours, trust = shown
    eyes = np.abs(head.template[:, 1] - 0.04) < 0.018
    covered = np.where((eyes & (trust > 0))[:, None], 0.01, colours)
    explained = explain(albedo, normals, covered, trust)
    np.testing.assert_allclose(explained.level, explain(albedo, *shown).level, atol=0.08)
    assert explained.likely[eyes & (trust > 0.3)].max() < 0.35
    assert (albedo.at(explained.weights) - albedo.mean)[eyes & (trust > 0.3), 0].mean() > -0.2


def test_a_grey_photo_gets_the_hue_of_people(shown, albedo, tone):
    normals, colours, trust = shown
    grey = np.repeat(colours.mean(1, keepdims=True), 3, 1)
    explained = explain(albedo, normals, grey, trust)
    assert not explained.coloured
    assert np.abs(tone.of(explained)[1:] - SKIN[1:]).max() < 0.1


@pytest.mark.parametrize("light", [(1.6, 1.6, 1.6), (0.5, 0.5, 0.5), (1.3, 1.0, 0.65)])
def test_the_tone_moves_less_than_the_light(shown, albedo, tone, light):
    normals, colours, trust = shown
    plain, lit = (explain(albedo, normals, colours * gain, trust) for gain in (1.0, light))
    moved = np.linalg.norm(tone.of(lit) - tone.of(plain))
    assert moved < 0.55 * np.linalg.norm(lit.level - plain.level)


def test_skin_in_the_sun_tells_the_tone_of_a_face_in_shade(shown, albedo, head, tone):
    """A hand's shade over the upper two thirds: the fit follows the shade, the tone does not."""
    normals, colours, trust = shown
    shade = head.template[:, 1] > np.quantile(head.template[trust > 0.3, 1], 0.33)
    dark = colours * np.where(shade, 0.15, 1.0)[:, None]
    told = explain(albedo, normals, dark, trust)
    assert told.contrast > 1.5 and told.level[0] < tone.mean[0] - 0.8
    assert tone.of(told)[0] > SKIN[0] - 0.25
    even = explain(albedo, *shown)
    assert even.contrast < 0.5
    bright = replace(told, contrast=even.contrast)
    assert tone.of(bright)[0] < SKIN[0] - 0.4


def test_nothing_seen_is_an_average_person(shown, albedo, tone):
    normals, colours, trust = shown
    explained = explain(albedo, normals, colours, trust * 0)
    assert np.array_equal(tone.of(explained), SKIN)
    assert not explained.weights.any()


def test_the_prior_survives_its_file(tmp_path):
    prior = AlbedoPrior.load()
    again = replace(prior, places=prior.places + 0)
    again.save(tmp_path / "prior.npz")
    with np.load(tmp_path / "prior.npz", allow_pickle=False) as stored:
        modes = stored["modes"] * stored["mode_scale"][:, None, None]
    np.testing.assert_allclose(modes, prior.albedo.modes, atol=2e-3)
