"""Portraits bent until they show other, known heads: real pixels in the conditioner's training.

What a bent picture's identity is cannot be told: it goes back to a first reading of the portrait,
which is shrunk. The difference between two pictures bent out of one portrait can be told exactly,
so that is all that is learnt of identity, beside the points. `warps/bend_portraits` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...conditioning.mirror import Mirror

_ARRAYS: Final = ("crops", "points", "identity", "portrait")


@dataclass(frozen=True, eq=False)
class BentPortraits:
    """N pictures, those of one portrait one after the other, equally many of each.

    crops : (N, 128, 128, 3) uint8; points : (N, P, 2) crop pixels; identity : (N, K) that they
    show, but for what is wrong of their portrait's first reading; portrait : (N,) int64.
    """

    crops: np.ndarray
    points: Tensor
    identity: Tensor
    portrait: np.ndarray

    @staticmethod
    def read(file: Path) -> BentPortraits:
        """What `write` wrote."""
        with np.load(file) as archive:
            crops, points, identity, portrait = (archive[name] for name in _ARRAYS)
        return BentPortraits(
            crops, torch.from_numpy(points).float(), torch.from_numpy(identity).float(), portrait
        )

    def write(self, file: Path) -> None:
        """Keep them as one .npz."""
        values = (self.crops, self.points.numpy(), self.identity.numpy(), self.portrait)
        np.savez(file, allow_pickle=False, **dict(zip(_ARRAYS, values, strict=True)))

    @property
    def each(self) -> int:
        """Pictures of a portrait."""
        return int((self.portrait == self.portrait[0]).sum())

    def pairs(self, count: int, generator: torch.Generator) -> np.ndarray:
        """(2 count,) rows: two different pictures of each of `count` random portraits."""
        portraits = len(self.portrait) // self.each
        first = torch.randint(portraits, (count,), generator=generator) * self.each
        one = torch.randint(self.each, (count,), generator=generator)
        on = torch.randint(1, self.each, (count,), generator=generator)
        rows = torch.stack([first + one, first + (one + on) % self.each], dim=1)
        return rows.flatten().numpy()

    def pictures(self, rows: np.ndarray) -> Tensor:
        """(B, 3, 128, 128) float32 in 0..1."""
        return torch.from_numpy(self.crops[rows]).permute(0, 3, 1, 2).float() / 255

    def turned(
        self, rows: np.ndarray, crops: Tensor, mirror: Mirror, mirrored: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures, points and identities of the rows, mirrored where `mirrored` (B,) is true; the
        two of a pair ought to be mirrored together."""
        points, identity = self.points[rows], self.identity[rows]
        where = mirrored[:, None]
        return (
            torch.where(where[..., None, None], crops.flip(3), crops),
            torch.where(where[..., None], mirror.place(points), points),
            torch.where(where, identity * mirror.identity, identity),
        )


def pair_loss(read: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Squared error of the difference between the two of each pair, halved, so that it weighs as
    much as a picture's own would. read, truth : (2 n, K), pairs together; weights : (K,)."""
    missed = (read[0::2] - read[1::2]) - (truth[0::2] - truth[1::2])
    return 0.5 * (weights * missed.square()).mean()
