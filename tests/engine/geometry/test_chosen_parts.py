"""A shape put together from parts: whole in them, and the rest at its most probable."""

from __future__ import annotations

import numpy as np

from ofer_engine.geometry import chosen_parts


def test_parts_are_whole_and_the_rest_is_the_mean_given_them() -> None:
    rng = np.random.default_rng(2)
    shape, modes = rng.normal(size=(60, 3)), 0.01 * rng.normal(size=(5, 60, 3))
    other = shape + np.tensordot(rng.normal(size=5), modes, 1)
    masks = np.zeros((1, 60))
    masks[0, :20] = 1
    found = chosen_parts.moves(shape, modes, masks, other[None], np.array([True]))
    assert np.abs(shape + found - other)[:20].max() < 1e-12
    assert np.abs(shape + found - other).max() < 0.1 * np.abs(other - shape).max(), (
        "what the modes say of the rest, where the part tells all five"
    )
    pasted = chosen_parts.moves(shape, modes, masks, other[None], np.array([False]))
    assert np.abs(pasted[20:]).max() == 0 and (pasted[:20] == found[:20]).all()


def test_where_parts_overlap_they_share() -> None:
    shape, masks = np.zeros((4, 3)), np.array([[1.0, 1.0, 0.5, 0.0], [0.0, 1.0, 0.5, 0.0]])
    targets = np.stack([np.full((4, 3), 1.0), np.full((4, 3), 3.0)])
    none = np.zeros((0, 4, 3))
    found = chosen_parts.moves(shape, none, masks, targets, np.array([False, False]))
    assert found[:, 0].tolist() == [1.0, 2.0, 2.0, 0.0]
