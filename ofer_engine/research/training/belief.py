"""Fitting IdGen's belief (`diffusion/linear_belief`) to contexts of people who are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ...diffusion.linear_belief import LinearBelief, informed

_RIDGE: Final = 1e-3
_STEPS: Final = 800
_BATCH: Final = 256
_RATE: Final = 3e-3
_DECAY: Final = 1e-3
_LOAD, _WEIGHT = 0.15, 0.7
"""Where the steps begin: deviation of a region's directions, and weight of what it tells of how
well it was seen."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Where in the photos' entries of a context R regions of the face tell how well they were
    seen: visible and unsure, both of R entries, in one order."""

    visible: slice
    unsure: slice


def fit_belief(
    belief: LinearBelief,
    contexts: Tensor,
    data: Tensor,
    regions: Regions,
    axes: Tensor,
    seed: int = 0,
) -> None:
    """Fit to N pairs of contexts (N, C + 1 or more) and data (N, D), in place.

    The mean is fitted by least squares, then the precision by the likelihood of what the mean
    leaves. axes : (H, D), along which hints measure.
    """
    photos = contexts[:, : belief.seen.shape[1]]
    belief.doubt.zero_()
    belief.doubt[regions.unsure] = 1.0
    belief.doubt.div_((photos @ belief.doubt).std())
    belief.axes.copy_(axes)
    features = belief.features(contexts).double()
    about, away = features.mean(dim=0), data.double().mean(dim=0)
    features, missed = features - about, data.double() - away
    normal = _covariance(features)
    slope = torch.linalg.solve(normal, features.T @ missed / len(features)).T
    belief.slope.copy_(slope)
    belief.offset.copy_(away - slope @ about)
    belief.prior.copy_(torch.linalg.inv(_covariance(missed)))
    _fit_regions(belief, (missed - features @ slope.T).float(), photos, regions, seed)


def _covariance(centred: Tensor) -> Tensor:
    """Of rows whose mean is zero, with a ridge."""
    covariance = centred.T @ centred / len(centred)
    covariance.diagonal().add_(_RIDGE)
    return covariance


def _fit_regions(
    belief: LinearBelief, left: Tensor, photos: Tensor, regions: Regions, seed: int
) -> None:
    """The belief's loads, seen and threshold under which what is left (N, D) is likeliest: AdamW's
    steps on batches of the pairs."""
    generator = torch.Generator().manual_seed(seed)
    loads = _LOAD * torch.randn(belief.loads.shape, generator=generator)
    threshold = torch.zeros_like(belief.threshold)
    visible, unsure = torch.full((2, len(threshold)), _WEIGHT)
    learnt = [each.requires_grad_() for each in (loads, threshold, visible, unsure)]
    optimiser = torch.optim.AdamW(learnt, lr=_RATE, weight_decay=_DECAY)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    for _ in range(_STEPS):
        rows = torch.randint(len(left), (_BATCH,), generator=generator)
        some = photos[rows]
        seen = threshold + visible * some[:, regions.visible] - unsure * some[:, regions.unsure]
        precision = informed(belief.prior, loads, torch.sigmoid(seen))
        root = torch.linalg.cholesky(precision)
        away = (left[rows, None] @ root)[:, 0]
        log_root = root.diagonal(dim1=1, dim2=2).log()
        loss = (0.5 * away.square() - log_root).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        slower.step()
    belief.loads.copy_(loads.detach())
    belief.threshold.copy_(threshold.detach())
    belief.seen.zero_()
    belief.seen[:, regions.visible] = torch.diag(visible.detach())
    belief.seen[:, regions.unsure] = -torch.diag(unsure.detach())
