"""The mirror image of a synthetic photo with its truth: every face is two, for nothing.

The open head is its own mirror image, and each of its identity modes is even or odd under it, so
the labels of a mirrored picture are known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..conditioning.evidence import CROP
from ..heads.open_head import OpenHead
from .photo_set import PhotoSet

_TOLERANCE = 1e-4
_PARITY = 0.9


@dataclass(frozen=True)
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
        turned = head.identity[:, head.mirror] * flip
        even = (head.identity * turned).sum(axis=(1, 2)) / np.square(head.identity).sum(axis=(1, 2))
        aside = np.abs(head.template[head.mirror] * flip - head.template).max()
        if aside > _TOLERANCE or min(twins) < 0 or np.abs(even).min() < _PARITY:
            return None
        names = list(head.expression_names)
        return Mirror(
            torch.tensor(twins),
            torch.from_numpy(np.sign(even)).float(),
            torch.tensor([names.index(_other_side(name)) for name in names]),
        )

    def batch(self, crops: Tensor, truth: PhotoSet, mirrored: Tensor) -> tuple[Tensor, PhotoSet]:
        """The pictures (B, 3, S, S) and their truth, turned over where `mirrored` (B,) is true."""
        flipped = torch.tensor([-1.0, 1.0]) * truth.points[:, self.points] + torch.tensor(
            [float(CROP), 0.0]
        )
        turn = torch.tensor([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
        where = mirrored[:, None]
        return torch.where(where[:, :, None, None], crops.flip(3), crops), replace(
            truth,
            points=torch.where(where[:, :, None], flipped, truth.points),
            visible=torch.where(where, truth.visible[:, self.points], truth.visible),
            identity=torch.where(where, truth.identity * self.identity, truth.identity),
            expression=torch.where(where, truth.expression[:, self.expression], truth.expression),
            rotation=torch.where(where[:, :, None], truth.rotation * turn, truth.rotation),
        )


def _other_side(unit: str) -> str:
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if unit.endswith(side):
            return unit.removesuffix(side) + other
    return unit
