"""The directions in which candidates vary, as a folder keeps them for pins."""

from __future__ import annotations

import numpy as np

from ofer_engine.handlers.certainty import covariance, identity_modes, people_covariance
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
    varying = covariance(_Pack, candidates)
    basis = _Pack.head.identity.astype(np.float64)
    for vertex in (10, 900, 3000):
        wanted = basis[:, vertex].T @ varying @ basis[:, vertex]
        said = found[:, vertex].T @ found[:, vertex]
        assert np.abs(said - wanted).max() < 0.03 * np.trace(wanted)
    sizes = np.square(found).sum((1, 2))
    assert (np.diff(sizes) <= 1e-6).all()


def test_one_candidate_varies_as_little_as_is_assumed() -> None:
    one = np.zeros((1, len(_Pack.head.identity)), np.float32)
    few, many = identity_modes(_Pack, one), identity_modes(_Pack, np.eye(3, one.shape[1]) * 3)
    assert np.square(few.astype(float)).sum() < np.square(many.astype(float)).sum()


def test_few_candidates_vary_as_they_were_drawn_not_as_they_happen_to_lie() -> None:
    """Of a hundred in 120 directions the truth lies 1 deviation away, not 1 to 40."""
    people = people_covariance(_Pack, len(_Pack.head.identity))
    rng = np.random.default_rng(5)
    root = np.linalg.cholesky(0.8 * people)
    drawn = rng.normal(size=(100, len(root))) @ root.T
    truths = rng.normal(size=(200, len(root))) @ root.T
    found = covariance(_Pack, drawn.astype(np.float32))
    apart = np.einsum("ni,ni->n", truths, np.linalg.solve(found, truths.T).T) / len(root)
    assert 0.8 < apart.mean() < 1.4
    wanted = 0.8 * people
    assert np.linalg.norm(found - wanted) < 0.5 * np.linalg.norm(np.cov(drawn.T) - wanted)


def test_candidates_that_vary_otherwise_than_people_are_believed() -> None:
    """Where there are enough of them."""
    rng = np.random.default_rng(6)
    deviations = np.linspace(0.1, 1.0, len(_Pack.head.identity))
    many = rng.normal(size=(20000, len(deviations))) * deviations
    found = covariance(_Pack, many.astype(np.float32))
    assert np.abs(np.diag(found) - np.square(deviations)).max() < 0.08
