"""Training IdGen, ExpGen and IdRank on what a finished conditioner reads in pictures.

The pictures are others than those that the conditioner learnt from. Rendered pictures are read
better than photographs: noise on the contexts (`photo_noise`) makes up for it, so that the samples
lean on a photograph as far as it can be trusted, and spread as far as they must.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from ...conditioning.evidence import EvidenceNetwork
from ...conditioning.mirror import Mirror
from ...conditioning.person import EXTRA, signed
from ...diffusion.linear_belief import BelievingDenoiser, LinearBelief
from ...diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ...diffusion.schedule import Schedule
from ...heads.open_head import OpenHead
from ...packs.open_networks import Networks
from ...packs.open_ranking import ranked_points, with_mean
from .belief import Differences, Regions, drawn_from, fit_belief
from .bent_portraits import BentPortraits, read_contexts
from .budget import TrainingBudget
from .denoising import train_denoiser
from .idrank import train_ranker
from .loop import TrainingPlan
from .people import (
    ContextSampler,
    PictureContexts,
    alone,
    load_people,
    read_people,
    save_people,
)
from .photo_set import PhotoSet

_CANDIDATES: Final = 100
_CANDIDATE_STEPS: Final = 12
_HELD_PEOPLE: Final = 12
"""One person of so many only validates."""
_READING: Final = 0.35
"""Deviation of the noise on the identity and on the points' modes. Of the regressed identity's
variance, 51 % lies within a person on photographs and 43 % on renders; noise of 0.14 of the
variance is what lies between them."""
_BELIEVED: Final = 2
"""Draws from the belief for each bent portrait, which IdGen learns to leave as they are."""
_AVERAGE: Final = 0.995
"""Of the weights: some hundreds of steps are enough for these networks."""
_DRAWN: Final = 3
"""Contexts of each picture that the belief is fitted on."""
_SMALL: Final = 0.1
"""The same for the rest of a context, so that single pictures are not learnt by heart."""


def train_generators(
    networks: Networks,
    head: OpenHead,
    people: PhotoSet,
    judged: PhotoSet,
    work: Path,
    recipe: TrainingBudget,
    bent: BentPortraits | None = None,
) -> None:
    """Train all but the conditioner of `networks`, in place.

    people : pictures that IdGen and ExpGen learn from; judged : pictures that none of the networks
    has learnt from, for IdRank, whose candidates are then as in use; work : folder of checkpoints
    and of what the conditioner read, which is read once; bent : pictures that IdGen's belief is
    fitted to as well.
    """
    mirror = Mirror.of(head)
    read = _read(networks.conditioner, people, mirror, work / "people.npz", recipe)
    differences = bent and _read_bent(networks.conditioner, bent, mirror, work / "bent.npz")
    _train_idgen(networks, read, work / "idgen", recipe, differences)
    _train_expgen(networks, read, work / "expgen", recipe)
    read = _read(networks.conditioner, judged, mirror, work / "judged.npz", recipe)
    _train_ranker(networks, head, read, work, recipe)


def photo_noise(conditioner: EvidenceNetwork) -> Tensor:
    """(C + 7,) deviation of the noise on each entry of a person's context; none on the number of
    photos nor on hints, which are what they are."""
    noise = torch.full((conditioner.context_size + EXTRA,), _SMALL)
    for part in conditioner.shape_entries:
        noise[part] = _READING
    noise[-EXTRA:] = 0.0
    return noise


def _read(
    conditioner: EvidenceNetwork,
    photos: PhotoSet,
    mirror: Mirror | None,
    file: Path,
    recipe: TrainingBudget,
) -> PictureContexts:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        save_people(read_people(conditioner, photos, mirror, recipe.seed), file)
    return load_people(file)


def _read_bent(
    conditioner: EvidenceNetwork, bent: BentPortraits, mirror: Mirror | None, file: Path
) -> Differences:
    """What the conditioner reads in bent portraits, each as it is and mirrored; read once."""
    if not file.exists():
        np.savez(file, contexts=read_contexts(conditioner, bent, mirror).numpy())
    with np.load(file) as kept:
        contexts = torch.from_numpy(kept["contexts"])
    return Differences(contexts, bent.identity, torch.from_numpy(bent.portrait))


def _held(people: PictureContexts) -> Tensor:
    """(N,) bool: a person and the mirror image together."""
    return people.person // 2 % _HELD_PEOPLE == 0


def _train_idgen(
    networks: Networks,
    people: PictureContexts,
    folder: Path,
    recipe: TrainingBudget,
    differences: Differences | None,
) -> None:
    """On people, and on photographs, of which it learns to add nothing: what renders teach beyond
    the belief is not true of them (of differences on 99 portraits it left 30 % read, where the
    belief alone reads 34 %).
    """
    sampler = ContextSampler(people, networks.hint_axes)
    held, noise = _held(people), photo_noise(networks.conditioner)
    denoiser: nn.Module = networks.idgen
    photos, data = torch.zeros(0, noise.shape[0]), people.identity
    if networks.belief is not None:
        _fit_belief(networks, networks.belief, people, sampler, noise, recipe.seed, differences)
        denoiser = BelievingDenoiser(networks.idgen, networks.belief)
        if differences is not None:
            single = alone(differences.contexts, torch.zeros(len(differences.contexts)))
            photos = single.repeat(_BELIEVED, 1)
            data = torch.cat([data, drawn_from(networks.belief, photos, recipe.seed)])
            held = torch.cat([held, torch.zeros(len(photos), dtype=torch.bool)])

    def person(rows: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return sampler.alone(rows)
        rendered = rows < len(people)
        contexts = torch.empty(len(rows), noise.shape[0])
        contexts[rendered] = sampler.random(rows[rendered], generator)
        contexts[~rendered] = photos[rows[~rendered] - len(people)]
        return contexts

    plan = TrainingPlan(recipe.idgen, rate=1e-3, seed=recipe.seed + 1, average=_AVERAGE)
    train_denoiser(
        denoiser, data, person, Schedule.linear(), plan, folder,
        held_out=held, context_noise=noise,
    )  # fmt: skip


def _fit_belief(
    networks: Networks,
    belief: LinearBelief,
    people: PictureContexts,
    sampler: ContextSampler,
    noise: Tensor,
    seed: int,
    differences: Differences | None,
) -> None:
    """On contexts as IdGen meets them, people met alone and in several photos."""
    kept = torch.nonzero(~_held(people))[:, 0].repeat(_DRAWN)
    generator = torch.Generator().manual_seed(seed)
    contexts = sampler.random(kept, generator)
    met = torch.exp(-0.5 * contexts[:, [people.contexts.shape[1]]])  # errors average out
    contexts = contexts + noise * met * torch.randn(contexts.shape, generator=generator)
    conditioner = networks.conditioner
    regions = Regions(conditioner.visible_entries, conditioner.doubt_entries)
    fit_belief(
        belief, contexts, people.identity[kept], regions, networks.hint_axes, seed, differences
    )


def _train_expgen(
    networks: Networks, people: PictureContexts, folder: Path, recipe: TrainingBudget
) -> None:
    missed = people.expression - networks.conditioner.regressed_expression(people.contexts)
    networks.expression_mean.copy_(missed.mean(dim=0))
    networks.expression_deviation.copy_(missed.std(dim=0).clamp_min(0.02))
    standard = (missed - networks.expression_mean) / networks.expression_deviation
    plan = TrainingPlan(recipe.expgen, rate=1e-3, seed=recipe.seed + 2, average=_AVERAGE)
    train_denoiser(
        networks.expgen, standard, lambda rows, _: people.contexts[rows], Schedule.linear(), plan,
        folder, held_out=_held(people), context_noise=_SMALL,
    )  # fmt: skip


def _train_ranker(
    networks: Networks, head: OpenHead, judged: PictureContexts, work: Path, recipe: TrainingBudget
) -> None:
    rows = torch.arange(min(recipe.ranked_photos, len(judged)))
    contexts = ContextSampler(judged, networks.hint_axes).alone(rows)
    drawn = _candidates(networks, contexts, work / "candidates.npy", recipe.seed)
    basis = torch.from_numpy(head.identity[:, head.rank_vertices] * 1000).float()

    def decode(coefficients: Tensor) -> Tensor:
        return torch.einsum("...k,kvc->...vc", coefficients, basis)

    plan = TrainingPlan(
        recipe.idrank,
        rate=1e-3,
        seed=recipe.seed + 3,
        every=100,
        weight_decay=0.05,
        average=_AVERAGE,
    )
    train_ranker(
        networks.idrank, decode, ranked_points, drawn, judged.identity[rows], contexts, plan,
        work / "idrank", held_out=len(rows) // 6,
    )  # fmt: skip


@torch.inference_mode()
def _candidates(networks: Networks, contexts: Tensor, file: Path, seed: int) -> Tensor:
    """(M, N + 1, K) candidates that IdGen draws for each context (M, C), and their mean."""
    if not file.exists():
        denoiser = networks.folded_idgen()
        schedule = Schedule.linear()
        noise = seeded_noise(seed)
        rows = []
        for part in contexts.split(16):
            repeated = signed(part).repeat_interleave(_CANDIDATES, dim=0)
            start = noise((len(repeated), networks.idgen.shape.coefficients))
            start = denoiser.initial_sample(repeated, start)
            drawn = dpm_solver_pp_2m(
                denoiser.condition(repeated), start, schedule, noise=noise, steps=_CANDIDATE_STEPS
            )
            rows.append(with_mean(drawn.view(len(part), _CANDIDATES, -1)).half().numpy())
        np.save(file, np.concatenate(rows))
    return torch.from_numpy(np.load(file)).float()
