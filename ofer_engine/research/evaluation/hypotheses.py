"""Drawing heads for many synthetic photos at once, and the rivals of choosing by rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...conditioning.evidence import Evidence
from ...diffusion.folded import Conditional
from ...diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ...diffusion.schedule import Schedule
from ...packs.open_pack import OpenPack
from ..training.photo_set import PhotoSet
from .reading import read_crops, row

_TOGETHER: Final = 8
_STEPS: Final = 20
_EXPRESSIONS: Final = 32
_LEVELS: Final = (100, 300)
"""Timesteps at which a sample's density is judged: how well its noise is foretold."""


@dataclass(frozen=True, eq=False)
class PhotoSamples:
    """What the pack answers to one photo.

    samples : (S, K); candidates : (M, K) what is ranked, the samples and what the pack adds to
    them; scores : (M,) IdRank's, higher is better; density : (S,) higher is more likely to IdGen;
    expression : (X,) unit weights, mean of the drawn ones; evidence : what the photo showed, a
    batch of one.
    """

    samples: np.ndarray
    candidates: np.ndarray
    scores: np.ndarray
    density: np.ndarray
    expression: np.ndarray
    evidence: Evidence


def draw(pack: OpenPack, photos: PhotoSet, heads: int, samples: int) -> Iterator[PhotoSamples]:
    """Answers to the first `heads` photos, in their order; the same from run to run."""
    for first in range(0, heads, _TOGETHER):
        rows = np.arange(first, min(first + _TOGETHER, heads))
        yield from _draw_together(
            pack, photos.crops(rows, min(pack.sizes.crop, photos.side)), samples, seed=first
        )


@torch.inference_mode()
def mean_identities(pack: OpenPack, contexts: Tensor, samples: int, seed: int = 0) -> np.ndarray:
    """(N, K) mean of the samples drawn for each photo by itself; the same from run to run.

    contexts : (N, C) of single photos; seed : another one draws with other noise.
    """
    means = []
    for first in range(0, len(contexts), _TOGETHER):
        alone = pack.single_photo_contexts(contexts[first : first + _TOGETHER]).identity
        drawn, _ = _sample(pack.idgen, alone, samples, pack.identities, seed + first)
        means.append(drawn.view(len(alone), samples, -1).mean(dim=1).cpu().numpy())
    return np.concatenate(means)


@torch.inference_mode()
def _draw_together(
    pack: OpenPack, crops: Tensor, samples: int, seed: int
) -> Iterator[PhotoSamples]:
    read, contexts = read_crops(pack, crops)
    people = len(crops)
    drawn, denoise = _sample(pack.idgen, contexts.identity, samples, pack.identities, seed)
    density = _density(denoise, drawn, seed).view(people, samples)
    faces, _ = _sample(pack.expgen, contexts.expression, _EXPRESSIONS, pack.expressions, seed + 1)
    faces = faces.view(people, _EXPRESSIONS, -1)
    for person, own in enumerate(drawn.view(people, samples, -1)):
        candidates = pack.candidates(own.cpu().numpy())
        yield PhotoSamples(
            candidates[:samples],
            candidates,
            pack.scores(row(contexts, person), candidates),
            density[person].cpu().numpy(),
            pack.expression_coefficients(faces[person], contexts.expression[[person]]).mean(axis=0),
            Evidence(**{f.name: getattr(read, f.name)[[person]] for f in fields(Evidence)}),
        )


def _sample(
    denoiser: Conditional, contexts: Tensor, samples: int, width: int, seed: int
) -> tuple[Tensor, Callable[[Tensor, int], Tensor]]:
    """(B · samples, width) draws of `contexts` (B, C), photo by photo, and what drew them."""
    noise = seeded_noise(seed)
    repeated = contexts.repeat_interleave(samples, dim=0)
    denoise = denoiser.condition(repeated)
    start = noise((len(repeated), width)).to(contexts.device)
    start = denoiser.initial_sample(repeated, start)
    drawn = dpm_solver_pp_2m(denoise, start, Schedule.linear(), noise=noise, steps=_STEPS)
    return drawn, denoise


def _density(denoise: Callable[[Tensor, int], Tensor], drawn: Tensor, seed: int) -> Tensor:
    """(N,) a stand-in for the likelihood: the negated error at foretelling noise put on each draw.

    The same noise and its opposite for all, so that draws and not noises are compared.
    """
    schedule = Schedule.linear()
    noise = seeded_noise(seed)((1, drawn.shape[1])).to(drawn.device).expand_as(drawn)
    error = torch.zeros(len(drawn), device=drawn.device)
    for level in _LEVELS:
        for put in (noise, -noise):
            error += (denoise(schedule.add_noise(drawn, level, put), level) - put).square().mean(1)
    return -error


def medoid(distances: np.ndarray) -> int:
    """The draw with the least sum of distances (S, S) to the others."""
    return int(distances.sum(axis=1).argmin())


def pairwise(samples: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """(S, S) distances between draws (S, K) by the faces they make; gram : (K, K) of the basis."""
    product = samples @ gram @ samples.T
    own = np.diag(product)
    return np.sqrt(np.maximum(own[:, None] + own[None] - 2 * product, 0))
