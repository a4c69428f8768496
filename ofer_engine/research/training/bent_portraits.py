"""Portraits bent until they show other, known heads: real pixels in the conditioner's training.

What a bent picture's identity is cannot be told: it goes back to a first reading of the portrait,
which is shrunk. The difference between two pictures bent out of one portrait can be told exactly,
so that is all that is learnt of identity, beside the points. Expressions are learnt as far as a
teacher is trusted (`warps/expression_teacher`). `warps/bend_portraits` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...conditioning.evidence import EvidenceNetwork
from ...conditioning.mirror import Mirror, read_both_ways

_ARRAYS: Final = ("crops", "points", "identity", "portrait", "expression", "trust")
_TOGETHER: Final = 50
"""Pictures that are read at a time."""


@dataclass(frozen=True, eq=False)
class BentPortraits:
    """N pictures, those of one portrait one after the other, equally many of each.

    crops : (N, 128, 128, 3) uint8; points : (N, P, 2) crop pixels; identity : (N, K) that they
    show, but for what is wrong of their portrait's first reading; portrait : (N,) int64;
    expression : (N, X) unit weights that they show, trust : (X,) 0..1 how far these are known.
    """

    crops: np.ndarray
    points: Tensor
    identity: Tensor
    portrait: np.ndarray
    expression: Tensor
    trust: Tensor

    @staticmethod
    def read(file: Path) -> BentPortraits:
        """What `write` wrote."""
        with np.load(file) as archive:
            found = {name: archive[name] for name in _ARRAYS}
        crops, portrait = found.pop("crops"), found.pop("portrait")
        known = {name: torch.from_numpy(values).float() for name, values in found.items()}
        return BentPortraits(crops=crops, portrait=portrait, **known)

    def write(self, file: Path) -> None:
        """Keep them as one .npz."""
        values = {name: np.asarray(getattr(self, name)) for name in _ARRAYS}
        np.savez(file, allow_pickle=False, **values)

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

    def mirrored(
        self, rows: np.ndarray, crops: Tensor, mirror: Mirror, which: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pictures, points, identities and expressions of the rows, mirrored where `which` (B,) is
        true; the two of a pair ought to be mirrored together."""
        points, identity, expression = self.points[rows], self.identity[rows], self.expression[rows]
        where = which[:, None]
        return (
            torch.where(where[..., None, None], crops.flip(3), crops),
            torch.where(where[..., None], mirror.place(points), points),
            torch.where(where, identity * mirror.identity, identity),
            torch.where(where, expression[:, mirror.expression], expression),
        )


@torch.no_grad()
def read_contexts(network: EvidenceNetwork, bent: BentPortraits, mirror: Mirror | None) -> Tensor:
    """(N, C) of all pictures, each read as it is and mirrored by a conditioner that is trained."""
    network.eval()
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    found = []
    for rows in np.array_split(np.arange(len(bent.portrait)), -(-len(bent.portrait) // _TOGETHER)):
        crops = bent.pictures(rows).contiguous(memory_format=torch.channels_last)
        found.append(network.context(read_both_ways(network, crops, mirror)))
    return torch.cat(found)


def pair_loss(read: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Squared error of the difference between the two of each pair, halved, so that it weighs as
    much as a picture's own would. read, truth : (2 n, K), pairs together; weights : (K,)."""
    missed = (read[0::2] - read[1::2]) - (truth[0::2] - truth[1::2])
    return 0.5 * (weights * missed.square()).mean()
