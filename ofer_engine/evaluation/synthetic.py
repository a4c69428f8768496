"""Figures on synthetic heads that no network was trained on, where the truth is known.

For each head one picture; 100 heads are drawn, ranked and compared with the truth after a
similarity on the face region, in millimetres, beside the mean head and another person's photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..diffusion.folded import FoldedDenoiser
from ..diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ..diffusion.schedule import Schedule
from ..packs.open_pack import OpenPack
from ..packs.pack import Contexts
from ..training.photo_set import PhotoSet
from .metrics import (
    Interval,
    bootstrap,
    identification,
    recovery,
    removed,
    similarity,
    surface_error,
)


@dataclass(frozen=True)
class Figures:
    """Errors in mm over the face; shares are of the mean head's error."""

    heads: int
    mean_head: Interval
    another_person: Interval
    ranked_first: Interval
    mean_of_samples: Interval
    average_sample: Interval
    best_sample: Interval
    removed_by_mean: float
    removed_by_first: float
    rank_recovery: float
    identified_first: float
    closer_than_other: float
    coverage_visible: float
    coverage_hidden: float
    spread_ratio: float
    expression_error: float
    expression_error_neutral: float


@dataclass(frozen=True)
class _Drawn:
    samples: np.ndarray
    scores: np.ndarray
    expression: np.ndarray


def evaluate(pack: OpenPack, photos: PhotoSet, heads: int = 300, samples: int = 100) -> Figures:
    """Figures over the first `heads` pictures of a held-out set."""
    rows = np.arange(min(heads, len(photos)))
    head = pack.head
    face = np.flatnonzero(head.face)
    basis = head.identity[:, face].reshape(len(head.identity), -1) * 1000
    template = head.template[face].reshape(-1) * 1000
    points = head.identity[:, head.point_vertices] * 1000

    def decode(coefficients: np.ndarray) -> np.ndarray:
        flat = template + coefficients @ basis
        return flat.reshape(*coefficients.shape[:-1], len(face), 3)

    drawn = [_draw(pack, photos, int(row), samples) for row in rows]
    truth = photos.identity[rows].numpy()
    means = np.stack([one.samples.mean(axis=0) for one in drawn])
    true_faces = decode(truth)
    zero = np.zeros_like(truth)
    every = np.stack(
        [surface_error(decode(d.samples), t) for d, t in zip(drawn, true_faces, strict=True)]
    )
    first = np.stack([e[d.scores.argmax()] for d, e in zip(drawn, every, strict=True)])
    mean_head = surface_error(decode(zero), true_faces)
    by_mean = surface_error(decode(means), true_faces)
    other = surface_error(decode(np.roll(means, 1, axis=0)), true_faces)
    reference = decode(zero[:1])[0]
    found = (similarity(decode(means), reference) - reference).reshape(len(rows), -1)
    sought = (similarity(true_faces, reference) - reference).reshape(len(rows), -1)
    identified, pairs = identification(found - found.mean(0), sought - sought.mean(0))
    covered, hidden, ratio = _spread(drawn, truth, photos.visible[rows].numpy(), points)
    expressions = np.stack([one.expression for one in drawn])
    true_expressions = photos.expression[rows].numpy()
    return Figures(
        heads=len(rows),
        mean_head=bootstrap(mean_head),
        another_person=bootstrap(other),
        ranked_first=bootstrap(first),
        mean_of_samples=bootstrap(by_mean),
        average_sample=bootstrap(every.mean(axis=1)),
        best_sample=bootstrap(every.min(axis=1)),
        removed_by_mean=removed(by_mean.mean(), mean_head.mean()),
        removed_by_first=removed(first.mean(), mean_head.mean()),
        rank_recovery=recovery(first.mean(), every.mean(), every.min(axis=1).mean()),
        identified_first=identified,
        closer_than_other=pairs,
        coverage_visible=covered,
        coverage_hidden=hidden,
        spread_ratio=ratio,
        expression_error=float(np.sqrt(np.square(expressions - true_expressions).mean())),
        expression_error_neutral=float(np.sqrt(np.square(true_expressions).mean())),
    )


@torch.inference_mode()
def _draw(pack: OpenPack, photos: PhotoSet, row: int, samples: int) -> _Drawn:
    networks = pack.networks
    crop = photos.crops(np.array([row]))
    context = networks.conditioner.context(networks.conditioner(crop))
    schedule = Schedule.linear()

    def sample(denoiser: FoldedDenoiser, coefficients: int, seed: int) -> torch.Tensor:
        noise = seeded_noise(seed)
        start = noise((samples, coefficients))
        return dpm_solver_pp_2m(denoiser.condition(context), start, schedule, noise=noise)

    identities = sample(pack.idgen, pack.identities, 2 * row)
    scores = pack.scores(Contexts(context, context, context), identities.numpy())
    expressions = sample(pack.expgen, pack.expressions, 2 * row + 1)
    mean_expression = pack.expression_coefficients(expressions).mean(axis=0)
    return _Drawn(identities.numpy(), scores, mean_expression)


def _spread(
    drawn: list[_Drawn], truth: np.ndarray, visible: np.ndarray, points: np.ndarray
) -> tuple[float, float, float]:
    """Coverage of the 5-95 % interval at visible and at hidden points, and hidden/visible spread.

    The ratio compares each point with itself, hidden in some pictures and visible in others, so
    that a region's own variety does not count. points : (K, P, 3) mm.
    """
    flat = points.reshape(len(points), -1)
    inside, spread = [], []
    for one, true in zip(drawn, truth, strict=True):
        positions = (one.samples @ flat).reshape(len(one.samples), -1, 3)
        low, high = np.percentile(positions, [5, 95], axis=0)
        target = (true @ flat).reshape(-1, 3)
        inside.append(((target >= low) & (target <= high)).mean(axis=1))
        spread.append(np.sqrt(positions.var(axis=0).sum(axis=1)))
    covered, deviation = np.stack(inside), np.stack(spread)
    both = (visible.sum(axis=0) > 4) & ((~visible).sum(axis=0) > 4)
    if not both.any():
        return float(covered[visible].mean()), float("nan"), float("nan")
    when_hidden = np.nanmean(np.where(visible, np.nan, deviation)[:, both], axis=0)
    when_visible = np.nanmean(np.where(visible, deviation, np.nan)[:, both], axis=0)
    ratio = float((when_hidden / when_visible).mean())
    return float(covered[visible].mean()), float(covered[~visible].mean()), ratio
