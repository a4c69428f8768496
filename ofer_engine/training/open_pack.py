"""Making the open pack: conditioner, IdGen, ExpGen and IdRank, one after the other, on one head.

Every stage keeps its checkpoint in its own folder below `work`; calling it again continues where
it stopped, and a finished stage is read back in a moment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..contract.records import PackRecord
from ..diffusion.folded import FoldedDenoiser
from ..diffusion.samplers import dpm_solver_pp_2m, seeded_noise
from ..diffusion.schedule import Schedule
from ..heads.open_head import OpenHead
from ..packs.open_pack import Networks, Sizes, build_networks, write_pack
from ..photo.face_weights import load_landmark_network
from .conditioner import contexts, new_network, standardise_context, train_conditioner
from .denoising import train_denoiser
from .idrank import train_ranker
from .loop import Plan
from .photo_set import PhotoSet, read_photo_set

OPEN_RECORD = PackRecord(
    id="open",
    version="0.1",
    title="OFER Faces open pack",
    licence="CC0-1.0 head, Apache-2.0 face networks, CC0-1.0 trained weights",
    commercial=True,
    claim="plausible, not a likeness",
    fingerprint="",
)
_IDGEN_WIDTHS = (96, 48, 24)
_EXPGEN_WIDTHS = (64, 32, 16)
_RANK_WIDTHS = (512, 128, 32)
_CANDIDATES = 100
_CANDIDATE_STEPS = 12


@dataclass(frozen=True)
class Recipe:
    """Optimiser steps of each stage, pictures kept apart, photos that the ranker learns from."""

    conditioner: int = 6000
    idgen: int = 12_000
    expgen: int = 8000
    idrank: int = 4000
    held_out: int = 4000
    ranked_photos: int = 3000
    seed: int = 0


def train_open_pack(
    photos: Sequence[Path], faces: Path, out: Path, work: Path, record: PackRecord, recipe: Recipe
) -> None:
    """Train all four networks on the photos and write the pack beside `out`/head.npz.

    photos : folders made by `training/studio/photos`, the last one with own heads; faces : the
    packaged face networks; work : checkpoints.
    """
    head = OpenHead.load(out / "head.npz")
    kept, held = read_photo_set(*photos).split(recipe.held_out)
    torch.manual_seed(recipe.seed)
    sizes = Sizes(
        points=kept.points.shape[1],
        identities=kept.identity.shape[1],
        expressions=kept.expression.shape[1],
        rank_vertices=len(head.rank_vertices),
        idgen_widths=_IDGEN_WIDTHS,
        expgen_widths=_EXPGEN_WIDTHS,
        rank_widths=_RANK_WIDTHS,
    )
    networks = build_networks(sizes)
    trunk = load_landmark_network(faces).trunk.state_dict()
    networks.conditioner.load_state_dict(new_network(head, kept, trunk).state_dict())
    networks.conditioner.trunk.freeze(1)
    plan = Plan(recipe.conditioner, rate=1e-3, seed=recipe.seed, weight_decay=0.03)
    train_conditioner(networks.conditioner, head, kept, held, plan, work / "conditioner")
    standardise_context(networks.conditioner, kept, recipe.seed)
    told = _told(networks, kept, held, work, recipe)
    _train_generators(networks, kept, held, told, work, recipe)
    _train_ranker(networks, head, kept, held, told, work, recipe)
    write_pack(out, record, sizes, networks)
    (out / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


def _told(networks: Networks, kept: PhotoSet, held: PhotoSet, work: Path, recipe: Recipe) -> Tensor:
    """(N, C) contexts of all pictures, the held-out ones last; computed once."""
    file = work / "contexts.npy"
    if not file.exists():
        both = [contexts(networks.conditioner, part, recipe.seed) for part in (kept, held)]
        np.save(file, torch.cat(both).numpy())
    return torch.from_numpy(np.load(file))


def _train_generators(
    networks: Networks, kept: PhotoSet, held: PhotoSet, told: Tensor, work: Path, recipe: Recipe
) -> None:
    schedule = Schedule.linear()
    identity = torch.cat([kept.identity, held.identity])
    known = ~identity.isnan().any(dim=1)
    plan = Plan(recipe.idgen, rate=1e-3, seed=recipe.seed + 1, every=1000)
    train_denoiser(
        networks.idgen, identity[known], told[known], schedule, plan, work / "idgen",
        held_out=int(known[-len(held) :].sum()),
    )  # fmt: skip
    expression = torch.cat([kept.expression, held.expression])
    networks.expression_mean.copy_(expression.mean(dim=0))
    networks.expression_deviation.copy_(expression.std(dim=0).clamp_min(0.02))
    standard = (expression - networks.expression_mean) / networks.expression_deviation
    plan = Plan(recipe.expgen, rate=1e-3, seed=recipe.seed + 2, every=1000)
    train_denoiser(
        networks.expgen, standard, told, schedule, plan, work / "expgen", held_out=len(held)
    )


def _train_ranker(
    networks: Networks,
    head: OpenHead,
    kept: PhotoSet,
    held: PhotoSet,
    told: Tensor,
    work: Path,
    recipe: Recipe,
) -> None:
    identity = torch.cat([kept.identity, held.identity])
    rows = torch.nonzero(~identity.isnan().any(dim=1))[:, 0][-recipe.ranked_photos :]
    drawn = _candidates(networks, told[rows], work / "candidates.npy", recipe.seed)
    basis = torch.from_numpy(head.identity[:, head.rank_vertices] * 1000).float()

    def decode(coefficients: Tensor) -> Tensor:
        return torch.einsum("...k,kvc->...vc", coefficients, basis)

    plan = Plan(recipe.idrank, rate=1e-3, seed=recipe.seed + 3, every=500, weight_decay=0.05)
    train_ranker(
        networks.idrank, decode, drawn, identity[rows], told[rows], plan, work / "idrank",
        held_out=recipe.ranked_photos // 6,
    )  # fmt: skip


@torch.inference_mode()
def _candidates(networks: Networks, told: Tensor, file: Path, seed: int) -> Tensor:
    """(M, N, K) candidates that IdGen draws for each context (M, C); drawn once."""
    if not file.exists():
        denoiser = FoldedDenoiser(networks.idgen)
        schedule = Schedule.linear()
        noise = seeded_noise(seed)
        rows = []
        for part in told.split(16):
            repeated = part.repeat_interleave(_CANDIDATES, dim=0)
            start = noise((len(repeated), networks.idgen.shape.coefficients))
            drawn = dpm_solver_pp_2m(
                denoiser.condition(repeated), start, schedule, noise=noise, steps=_CANDIDATE_STEPS
            )
            rows.append(drawn.view(len(part), _CANDIDATES, -1).half().numpy())
        np.save(file, np.concatenate(rows))
    return torch.from_numpy(np.load(file)).float()
