"""True faces: of the own prior, and of another surface through its correspondence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.heads.open_head import OpenHead
from ofer_engine.pack_registry import BUNDLED
from ofer_engine.research.evaluation.hypotheses import medoid, pairwise
from ofer_engine.research.evaluation.truths import IctPeople, floor, own_truth


@pytest.fixture(scope="module")
def head() -> OpenHead:
    return OpenHead.load(BUNDLED / "open" / "head.npz")


class _People:
    def __init__(self, identity: np.ndarray) -> None:
        self.identity = torch.from_numpy(identity)


@pytest.fixture
def disguised(tmp_path: Path, head: OpenHead) -> tuple[Path, Path]:
    """The open head as a scan model in centimetres, turned by a quarter, and the map to it."""
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]], np.float32)
    ids = np.arange(len(head.template))
    np.savez(
        tmp_path / "ict.npz",
        neutral=(head.template - 0.2) @ turn * 100,
        identity=(head.identity @ turn * 100).astype(np.float16),
    )
    np.savez(
        tmp_path / "map.npz",
        open_vertices=ids,
        ict_vertices=np.stack([ids] * 3, 1),
        barycentric=np.full((len(ids), 3), 1 / 3),
        scale=0.01,
        rotation=turn,
        translation=np.full(3, 0.2),
    )
    return tmp_path / "ict.npz", tmp_path / "map.npz"


def test_another_surface_is_found_where_it_is(head, disguised):
    identity = np.random.default_rng(1).normal(size=(3, len(head.identity))).astype(np.float32)
    own = own_truth(head, _People(identity))
    other = IctPeople.read(head, *disguised).truth(identity)
    np.testing.assert_array_equal(own.vertices, other.vertices)
    np.testing.assert_allclose(other.faces, own.faces, atol=0.05)
    np.testing.assert_allclose(other.points, own.points, atol=0.05)
    assert own.points.shape == (3, len(head.point_vertices), 3)
    assert own.unsaid.max() == 0 and other.unsaid.max() < 0.6


def test_what_the_basis_cannot_say_is_measured_at_the_points(head, disguised):
    """A mode that shifts one evidence point alone, by 3 mm a deviation."""
    scan, places = disguised
    with np.load(scan) as archive:
        model = dict(archive)
    modes = model["identity"].astype(np.float32)
    modes[7] = 0
    lone = head.point_vertices[100]
    shifted = head.point_vertices == lone
    modes[7, lone, 2] = 0.3
    np.savez(scan, neutral=model["neutral"], identity=modes)
    unsaid = IctPeople.read(head, scan, places).unsaid
    assert unsaid[shifted, 2] == pytest.approx(3, abs=0.5)
    assert unsaid[~shifted].max() < 0.6


def test_what_the_basis_can_make_is_fitted_and_what_it_cannot_is_left(head):
    identity = np.random.default_rng(2).normal(size=(4, len(head.identity))).astype(np.float32)
    truth = own_truth(head, _People(identity))
    assert floor(head, truth).max() < 0.2
    bumped = truth.faces + np.random.default_rng(3).normal(size=truth.faces.shape)
    left = floor(head, replace(truth, faces=bumped))
    assert (left > 1).all()


def test_the_medoid_is_the_draw_amid_the_others():
    draws = np.array([[0.0, 0], [1, 0], [1.2, 0], [9, 0]])
    distances = pairwise(draws, np.diag([4.0, 1.0]))
    assert distances[0, 1] == pytest.approx(2)
    assert medoid(distances) == 1
