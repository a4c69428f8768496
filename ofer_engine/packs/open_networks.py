"""The networks of an open pack: what sizes they have, and how they are built."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..conditioning.evidence import CROP, EvidenceNetwork
from ..conditioning.person import EXTRA, HINTS
from ..diffusion.denoiser import Denoiser, DenoiserShape
from ..diffusion.folded import Conditional, FoldedDenoiser
from ..diffusion.linear_belief import FoldedBelief, LinearBelief
from ..ranking.ranker import Ranker, RankerShape


@dataclass(frozen=True)
class Sizes:
    """What the four networks must be built with.

    points : P evidence points; contour, irises : L and I that move; identities : K;
    expressions : X; rank_vertices : R; idgen_widths, expgen_widths : U-Net levels;
    rank_widths : hidden layers of IdRank; crop : pixels of the crops that the conditioner reads.
    """

    points: int
    contour: int
    irises: int
    identities: int
    expressions: int
    rank_vertices: int
    idgen_widths: tuple[int, ...]
    expgen_widths: tuple[int, ...]
    rank_widths: tuple[int, ...]
    crop: int = CROP


@dataclass(frozen=True)
class Networks:
    """The trained parts, and numbers beside them, float32.

    expression_mean, expression_deviation : (X,), that standardise what ExpGen draws, the difference
    of an expression from the regressed one;
    hint_axes : (3, K), directions of age, sex and build among the identity coefficients;
    spread : (), how many times as far from their mean as IdGen draws them the samples are put
    (`research/evaluation/spread` finds it);
    belief : what IdGen adds to, None in a pack whose IdGen answers by itself.
    """

    conditioner: EvidenceNetwork
    idgen: Denoiser
    expgen: Denoiser
    idrank: Ranker
    expression_mean: Tensor
    expression_deviation: Tensor
    hint_axes: Tensor
    spread: Tensor
    belief: LinearBelief | None

    def folded_idgen(self) -> Conditional:
        """IdGen, ready to draw."""
        if self.belief is None:
            return FoldedDenoiser(self.idgen)
        return FoldedBelief(self.idgen, self.belief)


def build_networks(sizes: Sizes) -> Networks:
    """Networks of these sizes with fresh weights."""
    conditioner = EvidenceNetwork(
        sizes.points,
        sizes.contour,
        sizes.irises,
        sizes.identities,
        sizes.expressions,
        sizes.crop,
    )
    photo = conditioner.context_size
    person = photo + EXTRA
    return Networks(
        conditioner=conditioner,
        idgen=Denoiser(DenoiserShape(sizes.identities, 2 * person, sizes.idgen_widths)),
        expgen=Denoiser(DenoiserShape(sizes.expressions, 2 * photo, sizes.expgen_widths)),
        idrank=Ranker(RankerShape(sizes.rank_vertices + 1, person, sizes.rank_widths)),
        expression_mean=torch.zeros(sizes.expressions),
        expression_deviation=torch.ones(sizes.expressions),
        hint_axes=torch.zeros(len(HINTS), sizes.identities),
        spread=torch.ones(()),
        belief=LinearBelief(sizes.identities, photo, len(HINTS)),
    )
