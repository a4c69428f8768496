"""Where the training of a conditioner starts."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from ofer_engine.heads.contour import RAYS
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.training.bent_portraits import BentPortraits
from ofer_engine.research.training.conditioner import new_network, train_conditioner
from ofer_engine.research.training.loop import TrainingPlan
from ofer_engine.research.training.photo_set import PhotoSet

HEAD = OpenHead.load(Path(__file__).parents[4] / "weights" / "open" / "head.npz")


@dataclass
class Photos:
    """As many as a start needs to be told: four, of heads with so many modes."""

    modes: int

    def __post_init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.points = torch.rand(4, len(HEAD.point_vertices), 2, generator=generator)
        self.contour = torch.rand(4, RAYS, 2, generator=generator)
        self.irises = torch.rand(4, 10, 2, generator=generator)
        self.identity, self.expression = torch.zeros(4, self.modes), torch.zeros(4, 52)

    def __len__(self) -> int:
        return len(self.points)


def test_what_fits_another_head_is_kept_and_the_rest_starts_anew():
    known = new_network(HEAD, Photos(9), {}).state_dict()
    begun = new_network(HEAD, Photos(7), known).state_dict()
    other = {name for name, values in begun.items() if not torch.equal(values, known[name])}
    assert other == {
        "identity_head.weight",
        "identity_head.bias",
        "context_mean",
        "context_deviation",
    }


def test_a_conditioner_that_knew_no_outline_starts_at_the_average_one():
    photos = Photos(9)
    earlier = new_network(HEAD, photos, {}).state_dict()
    known = {name: values for name, values in earlier.items() if "moving" not in name}
    begun = new_network(HEAD, photos, known)
    torch.testing.assert_close(begun.mean_moving[:RAYS], photos.contour.mean(dim=0))
    with torch.inference_mode():
        read = begun.eval()(torch.rand(2, 3, 128, 128))
    torch.testing.assert_close(read.contour[0], photos.contour.mean(dim=0))
    torch.testing.assert_close(read.irises[1], photos.irises.mean(dim=0))


def test_a_trunk_that_does_not_fit_is_refused():
    known = new_network(HEAD, Photos(9), {}).state_dict()
    name = next(name for name in known if name.startswith("trunk."))
    with pytest.raises(RuntimeError, match=name):
        new_network(HEAD, Photos(9), {name: known[name][..., :1, :0]})


def _photo_set(count: int) -> PhotoSet:
    rng, points = np.random.default_rng(0), len(HEAD.point_vertices)
    return PhotoSet(
        images=(rng.integers(0, 256, (count, 128, 128, 3), np.uint8),),
        points=64 + 9 * torch.randn(count, points, 2),
        visible=torch.ones(count, points, dtype=torch.bool),
        contour=64 + 9 * torch.randn(count, RAYS, 2),
        irises=64 + 9 * torch.randn(count, 10, 2),
        identity=torch.randn(count, len(HEAD.identity)),
        expression=torch.rand(count, 52),
        rotation=torch.eye(3).repeat(count, 1, 1),
        distance=torch.ones(count),
        mm_per_pixel=torch.ones(count),
        person=torch.arange(count),
    )


def _bent(photos, trust):
    return BentPortraits(
        photos.images[0], photos.points, photos.identity, np.repeat([0, 1], 10),
        photos.expression, torch.full((52,), trust),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict[float | None, tuple[dict[str, str], torch.Tensor]]:
    """By how far the teacher is trusted, or None without bent portraits: the losses of one step and
    the weights of the identity head after it."""
    photos = _photo_set(20)
    found = {}
    for trust in (None, 0.5, 1.0):
        torch.manual_seed(0)
        network = new_network(HEAD, photos, {})
        plan = TrainingPlan(1, rate=1e-3, warmup=0, average=0.0)
        folder = tmp_path_factory.mktemp("run")
        bent = None if trust is None else _bent(photos, trust)
        train_conditioner(network, HEAD, photos, photos, plan, folder, 8, bent)
        with (folder / "log.csv").open(newline="") as stream:
            losses = next(csv.DictReader(stream))
        found[trust] = losses, network.state_dict()["identity_head.weight"]
    return found


def test_a_teacher_is_followed_as_far_as_it_is_trusted(trained):
    half, whole = (float(trained[trust][0]["bent_expression"]) for trust in (0.5, 1.0))
    assert whole > 0 and half == pytest.approx(whole / 2, rel=1e-3)


def test_pairs_of_bent_portraits_are_learnt_from_beside_the_photos(trained):
    for name in ("bent_pairs", "bent_points", "bent_expression"):
        assert float(trained[1.0][0][name]) > 0, name
    assert "bent_pairs" not in trained[None][0]
    assert not torch.equal(trained[1.0][1], trained[None][1])
