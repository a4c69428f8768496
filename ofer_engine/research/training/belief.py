"""Fitting IdGen's belief (`diffusion/linear_belief`) to contexts of people who are known.

Renders say how a face is read that is known; bent portraits (`bent_portraits`) say it of real
pixels, but only of differences between two pictures of one portrait. Both are equations of one
line, solved together by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ...diffusion.linear_belief import LinearBelief, informed

_RIDGE: Final = 1e-3
_DIFFERENCES: Final = 0.1
"""Weight of bent portraits' equations in the line, renders having the rest. On portraits never bent
for training the line then reads 44.1 % of a difference, with 0 41.4 % and with 0.35 44.9 %; but the
two scans are missed by 0.03, 0 and 0.06 mm more."""
_STEPS: Final = 800
_BATCH: Final = 256
_RATE: Final = 3e-3
_DECAY: Final = 1e-3
_TOGETHER: Final = 500
"""Contexts that are drawn in at once."""
_LOAD, _WEIGHT = 0.15, 0.7
"""Where the steps begin: deviation of a region's directions, and weight of what it tells of how
well it was seen."""


@dataclass(frozen=True, eq=False)
class Differences:
    """What is known of N bent pictures within each portrait. contexts : (N, C) of single photos;
    data : (N, D), right but for what all pictures of a portrait have in common; portrait : (N,)
    int64."""

    contexts: Tensor
    data: Tensor
    portrait: Tensor


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
    differences: Differences | None = None,
) -> None:
    """Fit to N pairs of contexts (N, C + 1 or more) and data (N, D), in place.

    The mean is fitted by least squares, to `differences`, too, where there are any; then the
    precision by the likelihood of what the mean leaves of the pairs. axes : (H, D), along which
    hints measure.
    """
    photos = contexts[:, : belief.seen.shape[1]]
    belief.doubt.zero_()
    belief.doubt[regions.unsure] = 1.0
    belief.doubt.div_((photos @ belief.doubt).std())
    belief.axes.copy_(axes)
    features = belief.features(contexts).double()
    about, away = features.mean(dim=0), data.double().mean(dim=0)
    features, missed = features - about, data.double() - away
    normal, right = _covariance(features), features.T @ missed / len(features)
    if differences is not None:
        seen = _within(belief.features(differences.contexts), differences.portrait)
        known = _within(differences.data, differences.portrait)
        normal = torch.lerp(normal, _covariance(seen), _DIFFERENCES)
        right = torch.lerp(right, seen.T @ known / len(seen), _DIFFERENCES)
    slope = torch.linalg.solve(normal, right).T
    belief.slope.copy_(slope)
    belief.offset.copy_(away - slope @ about)
    belief.prior.copy_(torch.linalg.inv(_covariance(missed)))
    _fit_regions(belief, (missed - features @ slope.T).float(), photos, regions, seed)


def drawn_from(belief: LinearBelief, contexts: Tensor, seed: int) -> Tensor:
    """(N, D): one of what the belief holds possible in each context (N, C + 1 + 2 H)."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for some in contexts.split(_TOGETHER):
        given = belief.given(some)
        root = torch.linalg.cholesky(given.precision)[given.person]
        noise = torch.randn(len(some), root.shape[1], 1, generator=generator)
        away = torch.linalg.solve_triangular(root.mT, noise, upper=True)
        found.append(given.mean[given.person] + away[..., 0])
    return torch.cat(found)


def _within(rows: Tensor, portrait: Tensor) -> Tensor:
    """(N, F) float64: rows less the mean of their portrait, scaled so that their mean square is
    that of a single picture's."""
    _, whose, count = torch.unique(portrait, return_inverse=True, return_counts=True)
    rows = rows.double()
    sums = torch.zeros(len(count), rows.shape[1], dtype=rows.dtype).index_add_(0, whose, rows)
    away = rows - (sums / count[:, None])[whose]
    return away * (count / (count - 1)).sqrt()[whose, None]


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
