"""Where the training of a conditioner starts."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from ofer_engine.heads.contour import RAYS
from ofer_engine.heads.open_head import OpenHead
from ofer_engine.research.training.conditioner import new_network

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
