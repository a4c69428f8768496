"""Making the open pack: conditioner, IdGen, ExpGen and IdRank, one after the other, on one head.

Every stage keeps its checkpoint in its own folder below `work`; calling it again continues where
it stopped, and a finished stage is read back in a moment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from ...conditioning.mirror import Mirror
from ...conditioning.person import HINTS, signed
from ...contract.records import PackRecord
from ...diffusion.folded import FoldedDenoiser
from ...diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ...diffusion.schedule import Schedule
from ...heads.open_head import OpenHead
from ...packs.byte_weights import as_weights
from ...packs.open_files import Networks, Sizes, build_networks, write_pack
from ...packs.open_ranking import ranked_points, with_mean
from ...photo.face_weights import load_landmark_network
from .conditioner import new_network, standardise_context, train_conditioner
from .denoising import train_denoiser
from .idrank import train_ranker
from .loop import Precision, TrainingPlan
from .people import ContextSampler, PictureContexts, load_people, read_people, save_people
from .photo_set import PhotoSet, read_photo_set
from .rebasing import rebased

OPEN_RECORD = PackRecord(
    id="open",
    version="0.6",
    title="OFER Faces open pack",
    licence="CC0-1.0 head, Apache-2.0 face networks, CC0-1.0 trained weights",
    commercial=True,
    claim="plausible, not a likeness",
    fingerprint="",
    hints=HINTS,
)
_IDGEN_WIDTHS = (128, 64, 32)
_EXPGEN_WIDTHS = (64, 32, 16)
_RANK_WIDTHS = (512, 128, 32)
_CANDIDATES = 100
_CANDIDATE_STEPS = 12
_HELD_PEOPLE = 12
"""One person of so many only validates."""


@dataclass(frozen=True)
class TrainingBudget:
    """Optimiser steps of each stage, pictures kept apart, photos that the ranker learns from."""

    conditioner: int = 5000
    idgen: int = 5000
    expgen: int = 3500
    idrank: int = 400
    held_out: int = 4000
    ranked_photos: int = 1400
    seed: int = 0


@dataclass(frozen=True)
class Sources:
    """What the pack is made from.

    photos : sets that the conditioner learns from, the last one with own heads; people : other
    sets, that IdGen and ExpGen learn from; faces : the packaged face networks; conditioner : file
    of an earlier one to go on from, in the folder of its pack. Where it is not there, training
    starts with the packaged landmark network's trunk.
    """

    photos: Sequence[Path]
    people: Sequence[Path]
    faces: Path
    conditioner: Path


def train_open_pack(
    sources: Sources, out: Path, work: Path, record: PackRecord, recipe: TrainingBudget
) -> None:
    """Train all four networks and write the pack beside `out`/head.npz. work : checkpoints."""
    head = OpenHead.load(out / "head.npz")
    kept, held = read_photo_set(*sources.photos).split(recipe.held_out)
    torch.manual_seed(recipe.seed)
    networks = build_networks(sizes := _sizes(head, kept))
    networks.hint_axes.copy_(_hint_axes(out, sizes.identities))
    known = known_weights(sources.conditioner, out / "head.npz", sources.faces)
    networks = replace(networks, conditioner=new_network(head, kept, known, sizes.crop))
    plan = TrainingPlan(
        recipe.conditioner,
        rate=1e-3,
        seed=recipe.seed,
        weight_decay=0.03,
        precision=Precision.BFLOAT16,
    )
    train_conditioner(networks.conditioner, head, kept, held, plan, work / "conditioner")
    mirror = Mirror.of(head)
    standardise_context(networks.conditioner, held, mirror, recipe.seed)
    people = _read(networks, read_photo_set(*sources.people), mirror, work / "people.npz", recipe)
    _train_generators(networks, people, work, recipe)
    judged = _read(networks, held, mirror, work / "judged.npz", recipe)
    _train_ranker(networks, head, judged, work, recipe)
    write_pack(out, record, sizes, networks)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


def _sizes(head: OpenHead, photos: PhotoSet) -> Sizes:
    return Sizes(
        points=photos.points.shape[1],
        contour=photos.contour.shape[1],
        irises=photos.irises.shape[1],
        identities=photos.identity.shape[1],
        expressions=photos.expression.shape[1],
        rank_vertices=len(head.rank_vertices),
        idgen_widths=_IDGEN_WIDTHS,
        expgen_widths=_EXPGEN_WIDTHS,
        rank_widths=_RANK_WIDTHS,
        crop=photos.side,
    )


def known_weights(conditioner: Path, head: Path, faces: Path) -> Mapping[str, Tensor]:
    """Weights that training starts from, by their names in the conditioner.

    Of a conditioner for another head than the file `head` the identity is given in that head's
    modes, or left out where the mesh is another. Points and expression units are the same on every
    head. conditioner, faces : as in `Sources`.
    """
    if not conditioner.exists():
        trunk = load_landmark_network(faces).trunk.state_dict()
        return {f"trunk.{name}": value for name, value in trunk.items()}
    known = as_weights(load_file(conditioner))
    before = conditioner.with_name(head.name)
    if before.read_bytes() == head.read_bytes():
        return known
    rest = {name: value for name, value in known.items() if not name.startswith("identity_head.")}
    old, new = OpenHead.load(before), OpenHead.load(head)
    if old.template.shape != new.template.shape:
        return rest
    turn, shift = rebased(old, new)
    weight, bias = known["identity_head.weight"], known["identity_head.bias"]
    return rest | {
        "identity_head.weight": turn @ weight,
        "identity_head.bias": turn @ bias + shift,
    }


def _hint_axes(out: Path, identities: int) -> Tensor:
    """(3, K) from `training/head/hint_axes`, or zeros for a head that has none."""
    file = out / "source" / "hint_axes.npz"
    if not file.exists():
        return torch.zeros(len(HINTS), identities)
    with np.load(file) as archive:
        return torch.from_numpy(np.stack([archive[name] for name in HINTS]))


def _read(
    networks: Networks, photos: PhotoSet, mirror: Mirror | None, file: Path, recipe: TrainingBudget
) -> PictureContexts:
    """The conditioner's contexts of the pictures; read once."""
    if not file.exists():
        save_people(read_people(networks.conditioner, photos, mirror, recipe.seed), file)
    return load_people(file)


def _train_generators(
    networks: Networks, people: PictureContexts, work: Path, recipe: TrainingBudget
) -> None:
    schedule = Schedule.linear()
    context_sampler = ContextSampler(people, networks.hint_axes)
    held = people.person // 2 % _HELD_PEOPLE == 0  # a person and the mirror image together

    def person(rows: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return context_sampler.alone(rows)
        return context_sampler.random(rows, generator)

    plan = TrainingPlan(recipe.idgen, rate=1e-3, seed=recipe.seed + 1, every=1000)
    train_denoiser(
        networks.idgen, people.identity, person, schedule, plan, work / "idgen", held_out=held
    )
    missed = people.expression - networks.conditioner.regressed_expression(people.contexts)
    networks.expression_mean.copy_(missed.mean(dim=0))
    networks.expression_deviation.copy_(missed.std(dim=0).clamp_min(0.02))
    standard = (missed - networks.expression_mean) / networks.expression_deviation
    plan = TrainingPlan(recipe.expgen, rate=1e-3, seed=recipe.seed + 2, every=1000)
    train_denoiser(
        networks.expgen,
        standard,
        lambda rows, _: people.contexts[rows],
        schedule,
        plan,
        work / "expgen",
        held_out=held,
    )


def _train_ranker(
    networks: Networks, head: OpenHead, judged: PictureContexts, work: Path, recipe: TrainingBudget
) -> None:
    """On pictures that none of the networks has learnt from, so that candidates are as in use."""
    rows = torch.arange(min(recipe.ranked_photos, len(judged)))
    contexts = ContextSampler(judged, networks.hint_axes).alone(rows)
    drawn = _candidates(networks, contexts, work / "candidates.npy", recipe.seed)
    basis = torch.from_numpy(head.identity[:, head.rank_vertices] * 1000).float()

    def decode(coefficients: Tensor) -> Tensor:
        return torch.einsum("...k,kvc->...vc", coefficients, basis)

    plan = TrainingPlan(
        recipe.idrank, rate=1e-3, seed=recipe.seed + 3, every=500, weight_decay=0.05
    )
    train_ranker(
        networks.idrank, decode, ranked_points, drawn, judged.identity[rows], contexts, plan,
        work / "idrank", held_out=len(rows) // 6,
    )  # fmt: skip


@torch.inference_mode()
def _candidates(networks: Networks, contexts: Tensor, file: Path, seed: int) -> Tensor:
    """(M, N + 1, K) candidates that IdGen draws for each context (M, C), and their mean."""
    if not file.exists():
        denoiser = FoldedDenoiser(networks.idgen)
        schedule = Schedule.linear()
        noise = seeded_noise(seed)
        rows = []
        for part in contexts.split(16):
            repeated = signed(part).repeat_interleave(_CANDIDATES, dim=0)
            start = noise((len(repeated), networks.idgen.shape.coefficients))
            drawn = dpm_solver_pp_2m(
                denoiser.condition(repeated), start, schedule, noise=noise, steps=_CANDIDATE_STEPS
            )
            rows.append(with_mean(drawn.view(len(part), _CANDIDATES, -1)).half().numpy())
        np.save(file, np.concatenate(rows))
    return torch.from_numpy(np.load(file)).float()
