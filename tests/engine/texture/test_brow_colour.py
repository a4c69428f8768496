"""Brows of one colour, whatever lies over them in the photo."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.texture.details import of_one_hair

_HAIR = np.array([0.2, -0.1])
"""Log R/G and log B/G for each unit that it is darker."""


def _brow(rng: np.random.Generator, rim: float) -> tuple[np.ndarray, np.ndarray]:
    """Details (60, 90, 3) and a brow's place (60, 90): hair of one colour between skin, and a
    coloured rim over a tenth of it."""
    place = np.zeros((60, 90), np.float32)
    place[20:40, 15:75] = 1
    dark = -rng.uniform(0, 0.8, place.shape) * place
    detail = np.dstack([dark, *(dark[..., None] * _HAIR).transpose(2, 0, 1)]).astype(np.float32)
    detail[28:30, :, 1:] += rim
    return detail, place


@pytest.mark.parametrize("rim", [0.0, 0.1, -0.1])
def test_a_coloured_rim_goes_and_the_hair_keeps_its_colour(rim: float) -> None:
    detail, place = _brow(np.random.default_rng(1), rim)
    found = of_one_hair(detail, place, np.ones_like(place), 0.4)
    inside = place > 0.5
    expected = detail[..., :1] * _HAIR
    assert np.abs(found[..., 1:] - expected)[inside].max() < 0.03
    assert np.array_equal(found[..., 0], detail[..., 0])
    assert np.array_equal(found[~inside], detail[~inside])


def test_the_colour_stays_that_of_hair() -> None:
    """A brow that is as blue as it is dark, beneath a lens, is drawn as hair may be."""
    detail, place = _brow(np.random.default_rng(2), 0.0)
    detail[..., 2] = -2 * detail[..., 0]
    found = of_one_hair(detail, place, np.ones_like(place), 0.4)
    assert np.allclose(found[..., 2], -0.25 * detail[..., 0], atol=1e-6)


def test_brows_that_are_hardly_seen_stay() -> None:
    detail, place = _brow(np.random.default_rng(3), 0.1)
    for seen, pixel in ((np.zeros_like(place), 0.4), (np.ones_like(place), 0.05)):
        assert np.array_equal(of_one_hair(detail, place, seen, pixel), detail)


def test_pale_hair_takes_no_colour() -> None:
    """Grey and white hair is brighter than what is under it, and of no colour of its own."""
    detail, place = _brow(np.random.default_rng(4), 0.0)
    detail[30:, :, 0] = 0.2 * place[30:]
    detail[30:, :, 1:] = 0.1
    found = of_one_hair(detail, place, np.ones_like(place), 0.4)
    assert np.abs(found[30:, :, 1:][place[30:] > 0]).max() == 0
