"""Light, shadows and surroundings of bent portraits."""

from __future__ import annotations

import numpy as np
import pytest

from ofer_engine.research.warps.nuisances import Light, among_others, shaded
from ofer_engine.research.warps.relighting import relight

SIDE = 64


@pytest.fixture
def ball():
    """(S, S, 3) unit normals of half a ball, and where it is."""
    grid = (np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2) / (SIDE / 2)
    across, up = grid[1], -grid[0]
    squared = 1 - across**2 - up**2
    inside = squared > 0.05
    normals = np.stack([across, up, np.sqrt(np.clip(squared, 0.05, 1))], axis=-1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True), inside


def test_light_that_is_turned_about_comes_from_the_other_side(ball):
    normals, inside = ball
    lit = (0.4 + 0.3 * normals[..., :1]) * np.ones(3)
    other = Light(np.diag([-1.0, 1.0, 1.0]), 1.0)
    turned = relight(lit, normals, normals, inside, inside, other)
    wanted = 0.4 - 0.3 * normals[..., 0]
    middle = np.hypot(normals[..., 0], normals[..., 1]) < 0.6
    assert np.abs(turned[middle][:, 0] - wanted[middle]).mean() < 0.03


def test_light_without_direction_is_flat(ball):
    normals, inside = ball
    lit = (0.4 + 0.2 * normals[..., 1:2]) * np.ones(3)
    flat = relight(lit, normals, normals, inside, inside, Light(np.eye(3), 0.0))
    middle = np.hypot(normals[..., 0], normals[..., 1]) < 0.6
    assert flat[middle].std() < 0.2 * lit[middle].std()


def test_some_pictures_keep_their_light_and_others_get_all_kinds():
    drawn = [Light.drawn(np.random.default_rng(seed)) for seed in range(200)]
    changed = [light for light in drawn if light is not None]
    assert 90 < len(changed) < 150
    assert min(light.strength for light in changed) < 0.6
    for light in changed:
        np.testing.assert_allclose(light.turn @ light.turn.T, np.eye(3), atol=1e-9)


def test_shading_is_smooth_and_now_and_then_a_shadow_falls():
    white = np.ones((SIDE, SIDE, 3), np.float32)
    found = [shaded(np.random.default_rng(seed), white) for seed in range(80)]
    darkest = np.array([picture.min() for picture in found])
    assert all((picture > 0.2).all() and (picture < 1.7).all() for picture in found)
    assert 8 < (darkest < 0.6).sum() < 40  # shadows
    assert np.abs(np.mean([picture.mean() for picture in found]) - 1) < 0.15


def test_the_head_stays_and_what_is_around_it_is_another_s(ball):
    _, inside = ball
    mine, theirs = np.full((SIDE, SIDE, 3), 0.8), np.full((SIDE, SIDE, 3), 0.1)
    found = [among_others(np.random.default_rng(s), mine, inside, theirs) for s in range(60)]
    exchanged = [picture for picture in found if picture is not mine]
    assert 10 < len(exchanged) < 35
    for picture in exchanged:
        assert np.allclose(picture[SIDE // 2, SIDE // 2], 0.8, atol=1e-3)
        assert np.allclose(picture[0, 0], 0.1, atol=1e-2)
