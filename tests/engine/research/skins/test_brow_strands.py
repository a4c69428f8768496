"""Strands of brows lie close, run outwards, and those of high rank lie above the others."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ofer_engine.research.skins.brow_strands import HALF_WIDTH, LENGTH, PIXEL, strands
from ofer_engine.texture.drawn_brows import ACROSS, ALONG


def test_they_cover_the_brow_and_are_the_same_every_time() -> None:
    found = strands()
    assert found.shape == (
        round(2 * HALF_WIDTH * ACROSS / PIXEL),
        round(LENGTH * ALONG / PIXEL),
    )
    assert 0 <= found.min() and found.max() <= 1
    assert (found > 0.05).mean() > 0.9
    assert np.array_equal(found, strands()) and not np.array_equal(found, strands(2))


def test_every_part_has_strands_of_every_rank() -> None:
    """So that hair grows as sparse as wanted everywhere."""
    found = strands()
    for rank in (0.3, 0.6, 0.85):
        share = ndimage.uniform_filter((found > rank).astype(np.float32), 40)[20:-20:40, 20:-20:40]
        assert share.min() > 0.3 * share.mean()


def test_they_rise_at_the_nose_and_run_outwards_at_the_temple() -> None:
    """By the structure tensor: strands run across the steepest change."""
    found = strands()
    down, over = np.gradient(ndimage.gaussian_filter(found, 1))
    third = found.shape[1] // 3
    steep = [
        (over[:, part] ** 2).sum() / (down[:, part] ** 2).sum()
        for part in (slice(0, third), slice(-third, None))
    ]
    assert steep[0] > 1.2 and steep[1] < 0.5
