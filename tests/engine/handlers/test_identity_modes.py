"""The directions in which candidates vary, as a folder keeps them for pins."""

from __future__ import annotations

import numpy as np

from ofer_engine.handlers.certainty import BEYOND, identity_modes
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.packs.open_description import HEAD


class _Pack:
    """What the directions are asked of: a head, and how many expressions it has."""

    head = OpenHead.load(BUNDLED / "open" / HEAD)
    expressions = 52


def test_directions_say_how_far_each_vertex_varies() -> None:
    rng = np.random.default_rng(3)
    modes = len(_Pack.head.identity)
    candidates = (0.4 * rng.normal(size=(30, modes))).astype(np.float32)
    found = identity_modes(_Pack, candidates).astype(np.float64)
    assert found.shape[0] <= 64 and found.dtype == np.float64
    away = candidates - candidates.mean(0)
    covariance = away.T @ away / 29 + BEYOND * np.eye(modes)
    basis = _Pack.head.identity.astype(np.float64)
    for vertex in (10, 900, 3000):
        wanted = basis[:, vertex].T @ covariance @ basis[:, vertex]
        said = found[:, vertex].T @ found[:, vertex]
        assert np.abs(said - wanted).max() < 0.03 * np.trace(wanted)
    sizes = np.square(found).sum((1, 2))
    assert (np.diff(sizes) <= 1e-6).all()


def test_one_candidate_varies_as_little_as_is_assumed() -> None:
    one = np.zeros((1, len(_Pack.head.identity)), np.float32)
    few, many = identity_modes(_Pack, one), identity_modes(_Pack, np.eye(3, one.shape[1]) * 3)
    assert np.square(few.astype(float)).sum() < np.square(many.astype(float)).sum()
