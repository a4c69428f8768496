"""A face and its mirror image: every picture counts as two.

The open head is its own mirror image, and each of its identity modes is even or odd under it. So
the truth of a mirrored picture is known in training, and at run time a picture is read twice, as it
is and mirrored, and the two answers are averaged. A single photo is read turned a little, too: who
a person is does not change with that, and errors average out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..contract.arkit import other_side
from ..heads.iris import AROUND
from ..heads.open_head import OpenHead
from .evidence import CROP, Evidence, EvidenceNetwork

_TOLERANCE = 1e-4
_PARITY = 0.9
_ACROSS = (-1.0, 1.0)
_POSE = (-1.0, 1.0, 1.0, 1.0)
_TURNS = (math.radians(7.0), math.radians(-7.0))
_GREY = 0.5
"""Beside the picture, as where a crop leaves its photo."""


@dataclass(frozen=True, eq=False)
class Mirror:
    """points : (P,) the row that each evidence point becomes; identity : (K,) 1 or -1;
    expression : (X,) the unit that each becomes."""

    points: Tensor
    identity: Tensor
    expression: Tensor

    @staticmethod
    def of(head: OpenHead) -> Mirror | None:
        """None where the head, its modes or its points are not their own mirror image."""
        flip = np.array([-1.0, 1.0, 1.0], np.float32)
        place = {int(vertex): row for row, vertex in enumerate(head.point_vertices)}
        twins = [place.get(int(head.mirror[vertex]), -1) for vertex in head.point_vertices]
        mirrored = head.identity[:, head.mirror] * flip
        length = np.square(head.identity).sum(axis=(1, 2))
        even = (head.identity * mirrored).sum(axis=(1, 2)) / length
        aside = np.abs(head.template[head.mirror] * flip - head.template).max()
        if aside > _TOLERANCE or min(twins) < 0 or np.abs(even).min() < _PARITY:
            return None
        names = list(head.expression_names)
        return Mirror(
            torch.tensor(twins),
            torch.from_numpy(np.sign(even)).float(),
            torch.tensor([names.index(other_side(name)) for name in names]),
        )

    def place(self, points: Tensor) -> Tensor:
        """Crop pixels (B, P, 2) of the mirrored picture's points."""
        return _across(points)[:, self.points]

    def contour(self, contour: Tensor) -> Tensor:
        """(B, L, 2) of the mirrored picture's outline: its rays in their other order."""
        return _across(contour).flip(1)

    def irises(self, irises: Tensor) -> Tensor:
        """(B, I, 2) of the mirrored picture's eyes."""
        return _across(irises)[:, iris_twins(irises.shape[1])]

    def moving(self, values: Tensor, contour: int) -> Tensor:
        """(B, L + I) of the mirrored picture, of a value for each moving point; contour : L."""
        irises = values[:, contour:]
        return torch.cat(
            [values[:, :contour].flip(1), irises[:, iris_twins(irises.shape[1])]], dim=1
        )

    def evidence(self, network: EvidenceNetwork, read: Evidence) -> Evidence:
        """What the mirrored pictures show, of what the pictures do."""
        points = self.place(read.points)
        return Evidence(
            points=points,
            log_variance=read.log_variance[:, self.points],
            visibility=read.visibility[:, self.points],
            identity=read.identity * self.identity.to(read.identity),
            expression=read.expression[:, self.expression],
            pose=read.pose * torch.tensor(_POSE).to(read.pose),
            shape=network.shape_of(points),
            contour=self.contour(read.contour),
            irises=self.irises(read.irises),
            moving_log_variance=self.moving(read.moving_log_variance, read.contour.shape[1]),
        )


def iris_twins(count: int) -> list[int]:
    """The iris point that each of `count` becomes in a mirror: all of `heads/iris`, or none."""
    places = [(eye, direction) for eye in (0, 1) for direction in AROUND][:count]
    return [places.index((1 - eye, (-x, y))) for eye, (x, y) in places]


def _across(points: Tensor) -> Tensor:
    """(B, P, 2) crop pixels turned over, in their old order."""
    start = torch.tensor([float(CROP), 0.0]).to(points)
    return start + torch.tensor(_ACROSS).to(points) * points


def read_both_ways(network: EvidenceNetwork, crops: Tensor, mirror: Mirror | None) -> Evidence:
    """The mean of what the pictures (B, 3, S, S) show and what their mirror images show."""
    read = network(crops.contiguous(memory_format=torch.channels_last))
    if mirror is None:
        return read
    flipped = network(crops.flip(3).contiguous(memory_format=torch.channels_last))
    back = mirror.evidence(network, flipped)
    mean = {
        name: (getattr(read, name) + getattr(back, name)) / 2 for name in Evidence.__annotations__
    }
    return replace(Evidence(**mean), shape=network.shape_of(mean["points"]))


def read_turned(network: EvidenceNetwork, crops: Tensor, mirror: Mirror | None) -> Evidence:
    """As `read_both_ways`, with identity and expression averaged over the pictures (B, 3, S, S)
    and the same turned by seven degrees either way: three times the work."""
    straight = read_both_ways(network, crops, mirror)
    turned = [read_both_ways(network, _turned(crops, angle), mirror) for angle in _TURNS]
    views = [straight, *turned]
    return replace(
        straight,
        identity=torch.stack([view.identity for view in views]).mean(dim=0),
        expression=torch.stack([view.expression for view in views]).mean(dim=0),
    )


def _turned(crops: Tensor, angle: float) -> Tensor:
    """Pictures (B, 3, S, S) turned about their middle by `angle` radians."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = torch.tensor([(cosine, -sine, 0.0), (sine, cosine, 0.0)]).to(crops)
    grid = F.affine_grid(turn.expand(len(crops), 2, 3), list(crops.shape), align_corners=False)
    return F.grid_sample(crops - _GREY, grid, align_corners=False) + _GREY
