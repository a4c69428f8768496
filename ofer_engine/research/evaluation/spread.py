"""How far a pack's samples must spread for their interval to cover the truth as often as it says.

IdGen learns the spread of heads that the basis can make. Other surfaces are never quite among them,
so that samples of such a head are too sure of themselves. One factor for all photos, `spread` in
the pack, moves the samples away from their mean until the 5-95 % interval is right on average over
the surfaces that can be measured, on people whom nothing else was trained or is judged on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from ...packs.open_pack import OpenPack
from ...packs.open_ranking import widened
from .conditions import Condition
from .hypotheses import draw
from .measured import BasisInMillimetres, spread_of

_NARROWEST, _WIDEST = 0.5, 2.0
_HALVINGS: Final = 10


@dataclass(frozen=True, eq=False)
class IdentitySamples:
    """The identities drawn for the N people of a condition: samples (N, S, K), as they are now."""

    condition: Condition
    basis: BasisInMillimetres
    samples: np.ndarray

    @property
    def surface(self) -> str:
        """What the condition's name begins with: "own" or "ict"."""
        return self.condition.name.split(":")[0]

    def covered(self, factor: float) -> float:
        """Share of the true coordinates of all points within the 5-95 % of samples that lie
        `factor` times as far from their mean."""
        truth, moved = self.condition.truth, torch.tensor(factor)
        within = [
            spread_of(
                widened(torch.from_numpy(samples), moved).numpy(), self.basis, face, points,
                truth.unsaid,
            )[0].mean()
            for samples, face, points in zip(self.samples, truth.faces, truth.points, strict=True)
        ]  # fmt: skip
        return float(np.mean(within))


def sample_identities(pack: OpenPack, condition: Condition, samples: int) -> IdentitySamples:
    """Draw `samples` heads for each photo."""
    drawn = draw(pack, condition.photos, len(condition.truth.faces), samples)
    heads = np.stack([one.samples for one in drawn])
    return IdentitySamples(condition, BasisInMillimetres.of(pack, condition.truth), heads)


def right_share(samples: int) -> float:
    """How often the 5-95 % interval of so many samples covers one more of the same kind."""
    return 0.9 * (samples - 1) / (samples + 1)


def covered_by_surface(drawn: Sequence[IdentitySamples], factor: float) -> dict[str, float]:
    """Surface → share covered, its conditions counting alike."""
    surfaces = dict.fromkeys(one.surface for one in drawn)
    return {
        surface: float(np.mean([o.covered(factor) for o in drawn if o.surface == surface]))
        for surface in surfaces
    }


def fitting_factor(drawn: Sequence[IdentitySamples]) -> float:
    """The factor, 0.5 to 2, at which the interval covers its share, surfaces counting alike."""
    wanted = right_share(drawn[0].samples.shape[1])
    low, high = _NARROWEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if np.mean(list(covered_by_surface(drawn, middle).values())) < wanted:
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 2)
